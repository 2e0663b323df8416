import { z } from 'zod'
import { problemSchema } from './problem.js'
import type { ResponseSpec, Route } from './route.js'

/** The OpenAPI 3.1 document of these routes, made of the schemas that check their requests. */
export function openApiDocument(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flotilla',
      version,
      description:
        'What the daemon knows and can be asked for. What changes something needs the token in http.token in the state directory.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function operationOf({ summary, params, query, body, responses, access }: Route): unknown {
  return {
    summary,
    parameters: [...parametersIn('path', params), ...parametersIn('query', query)],
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(responses).map(([status, shape]) => [status, responseOf(shape)])),
      default: responseOf({ description: 'A problem, after RFC 9457.', schema: problemSchema }),
    },
    ...(access === 'operator' ? { security: [{ token: [] }] } : {}),
  }
}

function parametersIn(place: 'path' | 'query', schema: z.ZodObject | null): readonly unknown[] {
  if (schema === null) return []
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

function responseOf({ description, schema, contentType = 'text/plain' }: ResponseSpec): unknown {
  if (schema === null)
    return { description: description, content: { [contentType]: { schema: { type: 'string' } } } }
  const type = schema === problemSchema ? 'application/problem+json' : 'application/json'
  return { description: description, content: { [type]: { schema: jsonSchema(schema) } } }
}

/** What is sent in is what the reader of the document writes; of what comes out both are the same. */
function jsonSchema(schema: z.ZodType): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  })
  return rest
}

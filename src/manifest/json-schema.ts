import { parse } from 'yaml'
import { z } from 'zod'
import { manifestSchema } from './schema.js'
import { docsOf } from './field-docs.js'

/**
 * The manifest as a JSON schema (draft 7, which every YAML editor plugin knows), for completion and checks
 * while typing.
 */
export function manifestJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(manifestSchema('/'), {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      for (const pattern of patternsOf(zodSchema)) assertPortable(pattern)
      const example = docsOf(zodSchema)?.example
      // What editors propose where nothing else says what is sensible.
      if (example !== undefined && isOpen(jsonSchema)) jsonSchema.examples = [parse(example)]
      // The names of a mapping are text anyway, and an editor takes the 1 of `1: 10` for none.
      const names = jsonSchema.propertyNames
      if (typeof names === 'object' && names.type === 'string') delete jsonSchema.propertyNames
      // A field with a default comes by twice, without it at first.
      if (jsonSchema.default !== undefined) delete jsonSchema.examples
    },
  })
  return {
    $schema,
    // What others refer to it by, wherever the file lies; it changes with apiVersion.
    $id: 'urn:flotilla:manifest:v1',
    title: 'Flotilla manifest',
    description: 'A Redis master and its replicas, as Flotilla keeps them on Docker.',
    ...rest,
  }
}

/** The patterns that a text must match. */
function patternsOf(schema: z.core.$ZodType): readonly RegExp[] {
  // oxlint-disable-next-line no-underscore-dangle -- zod has no other name for what a schema is made of.
  const checks = schema._zod.def.checks ?? []
  return checks.flatMap(({ _zod: { def } }) =>
    'pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : [],
  )
}

/**
 * A pattern of a JSON Schema has no flags (`u` is what editors read it with): with one it would mean
 * something else there than here.
 */
function assertPortable({ source, flags }: RegExp): void {
  if (flags !== '' && flags !== 'u') throw new Error(`/${source}/${flags}: say it without the flag`)
}

/** One value, of which the schema itself names none. */
function isOpen(schema: z.core.JSONSchema.BaseSchema): boolean {
  const isOne = schema.type === 'string' || schema.type === 'integer' || schema.type === 'number'
  return isOne && schema.const === undefined && schema.enum === undefined && schema.default === undefined
}

/** The schema file's content: what `npm run generate:schema` writes and `flotilla schema` prints. */
export function manifestJsonSchemaText(): string {
  return `${JSON.stringify(manifestJsonSchema(), null, 2).replace(listOfWords, onOneLine)}\n`
}

/** The line with a list that JSON.stringify spread over several, and the list's items. */
const listOfWords = /^(.*)\[\n([^[\]{}]*)\n *\]/gm

/** As the project's formatter wants it: short lists on one line. */
function onOneLine(spread: string, before: string, items: string): string {
  const line = `${before}[${items.trim().replace(/\n */g, ' ')}]`
  return line.length <= 110 ? line : spread
}

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Secret } from '../secret.js'
import type { HttpAddress } from './address.js'
import { limitConnections } from './connections.js'
import type { ControlApi } from './control-api.js'
import { whyNotAllowed } from './guard.js'
import { openApiDocument } from './openapi.js'
import { bodyOf, Problem, problemOf } from './problem.js'
import { json, route, type RouteResponse, type Route } from './route.js'
import { requestRoutes } from './routes/requests.js'
import { eventRoutes } from './routes/events.js'
import { flotillaRoutes } from './routes/flotillas.js'
import { healthRoutes } from './routes/health.js'
import { pageRoutes } from './routes/page.js'
import { roleRoutes } from './routes/roles.js'
import { safeHeaders } from './safe-headers.js'
import { EventStreams } from './stream.js'

export interface HttpOptions {
  readonly address: HttpAddress
  /** Names that this server may be called by, beside addresses and localhost. */
  readonly hostNames: readonly string[]
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly token: Secret
  /** Hears of errors that are ours; the client is told no more than that there was one. */
  readonly onError: (error: unknown, request: { readonly method: string; readonly path: string }) => void
}

/** A request that does not fit into these is no client of ours. */
export const limits = {
  bodyBytes: 16 * 1024,
  /** For a whole request to arrive. */
  requestMs: 10_000,
  keepAliveMs: 30_000,
  connections: 512,
}

/** The server, not listening yet. It serves from what `desk` remembers. */
export function createHttpServer(api: ControlApi, options: HttpOptions): FastifyInstance {
  const { address, hostNames, token } = options
  const app = openFastify(options)
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(
    ({ schema }) =>
      data =>
        checkBy(schema as unknown as z.ZodType, data),
  )
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  app.addHook('onRequest', async request => {
    const problem = whyNotAllowed(routeOf(request), {
      method: request.method,
      headers: request.headers,
      address,
      hostNames,
      token,
    })
    if (problem !== null) throw problem
  })
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(safeHeaders))
      if (!reply.hasHeader(name)) reply.header(name, value)
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500 && !(error instanceof Problem))
      options.onError(error, { method: request.method, path: pathOf(request) })
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new Problem(404, 'http/no-such-path', `there is nothing at ${request.method} ${pathOf(request)}`, {
        hint: 'What there is: GET /api/v1/openapi.json',
      }),
    ),
  )
  const streams = new EventStreams(api)
  app.addHook('preClose', async () => streams.close())
  const routes: Route[] = [
    ...pageRoutes(),
    ...healthRoutes(api),
    ...flotillaRoutes(api),
    ...eventRoutes(api, streams),
    ...requestRoutes(api),
    ...roleRoutes(api),
  ]
  routes.push(openApiRoute(routes, api.version))
  for (const one of routes) register(app, one)
  return app
}

function openFastify({ tls }: HttpOptions): FastifyInstance {
  const common = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: true,
    // A path that can't be decoded, before there is a route.
    frameworkErrors: (error: unknown, _request: unknown, reply: FastifyReply) =>
      void sendProblem(reply, problemOf(error)),
  } as const
  // Node looks for requests that are late every 30 s unless told otherwise.
  const connections = { connectionsCheckingInterval: 1_000 }
  const app =
    tls === null
      ? fastify({ ...common, http: connections })
      : (fastify({
          ...common,
          https: { ...connections, ...tls, handshakeTimeout: limits.requestMs },
        }) as unknown as FastifyInstance)
  limitConnections(app.server, limits.connections)
  return app
}

function openApiRoute(routes: readonly Route[], version: string): Route {
  return route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    access: 'reader',
    responses: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
    handle: () => json(openApiDocument(routes, version)),
  })
}

function register(app: FastifyInstance, one: Route): void {
  const { method, path, params, query, body, handle } = one
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { flotillaRoute: one },
    // Of a stream there is no end to tell the length of.
    exposeHeadRoute: one.isStream !== true,
    schema: {
      ...(params === null ? {} : { params }),
      ...(query === null ? {} : { querystring: query }),
      ...(body === null ? {} : { body }),
    },
    async handler(request, reply) {
      const response = await handle({
        params: request.params,
        query: request.query,
        body: request.body,
        request,
        reply,
      })
      return response === 'streaming' ? reply : sendResponse(reply, response)
    },
  })
}

/** The route that a request is for; null where there is none. */
function routeOf({ routeOptions }: FastifyRequest): Route | null {
  const { flotillaRoute = null } = routeOptions.config as { readonly flotillaRoute?: Route }
  return flotillaRoute
}

function sendResponse(reply: FastifyReply, response: RouteResponse): FastifyReply {
  const { status, headers = {} } = response
  const typed = reply.code(status).headers(headers)
  return 'json' in response
    ? typed.type('application/json; charset=utf-8').send(JSON.stringify(response.json))
    : typed.type(response.contentType).send(response.text)
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(bodyOf(problem)))
}

function checkBy(schema: z.ZodType, data: unknown): { value: unknown } | { error: Error } {
  const checked = schema.safeParse(data)
  if (checked.success) return { value: checked.data }
  const problems = checked.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the body'}: ${message}`,
  )
  return { error: new Problem(400, 'http/invalid', problems.join('; ')) }
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').slice(0, 200)
}

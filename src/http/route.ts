import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'

/**
 * A route as data. Its schemas check what comes in and are what the OpenAPI document is made of, so that the
 * two can't differ. Paths are written as OpenAPI writes them: `/flotillas/{name}`.
 */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  readonly params: z.ZodObject | null
  readonly query: z.ZodObject | null
  readonly body: z.ZodObject | null
  /** By status code. Problems that any route may answer with are not listed. */
  readonly responses: Readonly<Record<number, ResponseSpec>>
  readonly isStream?: true
  /**
   * Whom the route is open to: everybody, also beyond loopback (`anybody`); readers (`reader`: beyond
   * loopback they need the token); who has the token (`keeper`).
   */
  readonly access: 'public' | 'reader' | 'operator'
  readonly handle: (
    call: RouteCall<unknown, unknown, unknown>,
  ) => Promise<RouteResponse | 'streaming'> | RouteResponse
}

export interface ResponseSpec {
  readonly description: string
  /** Null for text. */
  readonly schema: z.ZodType | null
  readonly contentType?: string
}

export interface RouteCall<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export type RouteResponse = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
} & ({ readonly json: unknown } | { readonly text: string; readonly contentType: string })

type None = null

/** Ties a handler's arguments to the schemas that checked them. */
export function route<
  Params extends z.ZodObject | None = None,
  Query extends z.ZodObject | None = None,
  Body extends z.ZodObject | None = None,
>(
  given: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    readonly params?: Params
    readonly query?: Query
    readonly body?: Body
    readonly handle: (
      call: RouteCall<Parsed<Params>, Parsed<Query>, Parsed<Body>>,
    ) => Promise<RouteResponse | 'streaming'> | RouteResponse
  },
): Route {
  const { params = null, query = null, body = null, handle, ...rest } = given
  return { ...rest, params, query, body, handle: handle as Route['handle'] }
}

type Parsed<Schema> = Schema extends z.ZodObject ? z.output<Schema> : undefined

export function json(body: unknown, status = 200): RouteResponse {
  return { status, json: body }
}

export function text(body: string, status = 200): RouteResponse {
  return { status, text: body, contentType: 'text/plain; charset=utf-8' }
}

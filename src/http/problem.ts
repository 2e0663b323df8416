import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import { FlotillaError, type ErrorCode } from '../errors.js'

/**
 * What a client is told when something is not done, after RFC 9457. `code` is stable; `hint` says what to do
 * next.
 */
export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string().meta({ description: "The status code's own name." }),
  status: z.int(),
  detail: z.string().meta({ description: 'What happened, as a sentence.' }),
  code: z.string().meta({ description: 'Stable, for programs.' }).optional(),
  hint: z.string().meta({ description: 'What to do next.' }).optional(),
})

export type ProblemBody = z.infer<typeof problemSchema>

/** Thrown by whoever can't answer a request as it was meant. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly hint: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    detail: string,
    options: { readonly hint?: string | null; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.hint = options.hint ?? null
    this.headers = options.headers ?? {}
  }
}

/**
 * Any error as a problem. What is nobody's fault but ours says no more than that: its message is for the log.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof FlotillaError)
    return new Problem(statusOf(error.code), error.code, error.message, { hint: error.hint })
  const status = frameworkStatus(error)
  if (status !== null && error instanceof Error) return new Problem(status, 'http/bad-request', error.message)
  return new Problem(500, 'http/internal', 'Flotilla could not answer this; its log says why')
}

export function bodyOf(problem: Problem): ProblemBody {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    ...(problem.hint === null ? {} : { hint: problem.hint }),
  }
}

/** The caller's mistake, a state that stands in the way, or the world's failure. */
function statusOf(code: ErrorCode): number {
  if (code.startsWith('usage/')) return 400
  if (code.startsWith('manifest/')) return 409
  return code.startsWith('state/') ? 500 : 502
}

/** Fastify says so of a body that is too big, no JSON, and the like. */
function frameworkStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}

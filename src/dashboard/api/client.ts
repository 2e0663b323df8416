import { currentToken } from './token.js'

/** What the daemon answers when something is not done: a sentence, and what to do next. */
export class ApiError extends Error {
  readonly status: number
  readonly hint: string | null

  constructor(status: number, detail: string, hint: string | null) {
    super(detail)
    this.status = status
    this.hint = hint
  }
}

/** A daemon answers within milliseconds; a request for another master within the 30 s that it is given. */
const deadlineMs = { read: 10_000, post: 45_000 }

/** @throws Refused for any answer that is not 2xx; TypeError when there is none. */
export async function read<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, { headers: headers(), signal: AbortSignal.timeout(deadlineMs.read) })
  return (await bodyOf(response)) as Answer
}

/** Asks for something. @throws Refused, TypeError */
export async function post<Answer>(path: string, body: unknown): Promise<Answer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { ...headers(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(deadlineMs.post),
  })
  return (await bodyOf(response)) as Answer
}

export function headers(): Record<string, string> {
  const token = currentToken()
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

export function flotillaPath(name: string, what: string): string {
  return `/api/v1/flotillas/${encodeURIComponent(name)}/${what}`
}

async function bodyOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => null)
  if (response.ok) return body
  const { detail, hint } = (body ?? {}) as { readonly detail?: string; readonly hint?: string }
  throw new ApiError(response.status, detail ?? `the daemon answered ${response.status}`, hint ?? null)
}

/** What went wrong, as a sentence for people. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  return 'the daemon can not be reached'
}

/**
 * The one error class of the project. Adapters throw it for what the world did; everything else that is
 * thrown is a bug. `message` says what was tried and what happened, `hint` what to do next.
 */
export class FlotillaError extends Error {
  /** Stable, `area/what`, documented in docs/operations.md: scripts may match on it. */
  readonly code: ErrorCode
  readonly hint: string | null

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'FlotillaError'
    this.code = code
    this.hint = options.hint ?? null
  }
}

export type ErrorCode =
  | 'usage/invalid'
  | 'manifest/invalid'
  | 'manifest/unreadable'
  | 'manifest/unwritable'
  | 'manifest/edit-refused'
  | 'state/locked'
  | 'state/unreadable'
  | 'state/unwritable'
  | 'http/address-taken'
  | 'http/unsafe'
  | 'sentinel/address-taken'
  | 'sentinel/unsafe'
  | 'service/unavailable'
  | 'service/failed'
  | 'runtime/unreachable'
  | 'runtime/permission-denied'
  | 'runtime/engine-too-old'
  | 'runtime/timeout'
  | 'runtime/aborted'
  | 'runtime/name-taken'
  | 'runtime/not-found'
  | 'runtime/conflict'
  | 'runtime/container-unusable'
  | 'runtime/image-unavailable'
  | 'runtime/network-pool-exhausted'
  | 'runtime/port-taken'
  | 'runtime/disk-full'
  | 'runtime/failed'
  | 'redis/unreachable'
  | 'redis/timeout'
  | 'redis/denied'
  | 'redis/refused-command'
  | 'backup/unreachable'
  | 'backup/denied'
  | 'backup/not-found'
  | 'backup/exists'
  | 'backup/no-space'
  | 'backup/damaged'
  | 'backup/aborted'
  | 'backup/busy'
  | 'gateway/unreachable'
  | 'gateway/timeout'
  | 'gateway/aborted'
  | 'gateway/denied'
  | 'gateway/failed'

/** The text for a person: message, then the hint on its own line when there is one. Never a stack trace. */
export function explainError(error: unknown): string {
  if (error instanceof FlotillaError)
    return error.hint === null ? error.message : `${error.message}\n  ${error.hint}`
  return error instanceof Error ? error.message : String(error)
}

/** `area/what` of ours, or null for anything else. */
export function errorCode(error: unknown): ErrorCode | null {
  return error instanceof FlotillaError ? error.code : null
}

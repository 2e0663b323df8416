import { errorCode } from '../errors.js'

/** The same for every verb; documented in docs/cli.md. */
export const exitCode = { done: 0, failed: 1, usage: 2, notSettled: 3, changes: 4 } as const

/** Bad input is the caller's to mend (2), everything else the world's (1). */
export function exitCodeOf(error: unknown): number {
  const code = errorCode(error)
  return code !== null && (code.startsWith('usage/') || code.startsWith('manifest/'))
    ? exitCode.usage
    : exitCode.failed
}

import type { Snapshot } from '../reconciler/loop/controller.js'
import type { ControlApi } from './control-api.js'
import { Problem } from './problem.js'

/**
 * What is known of a flotilla.
 * @throws Problem 404 when there is none of that name; while it was not looked at 503, or what `status` says
 * instead.
 */
export function snapshotOf(api: ControlApi, name: string, status: 503 | 404 = 503): Snapshot {
  requireKnown(api, name)
  const snapshot = api.snapshotOf(name)
  if (snapshot !== null) return snapshot
  throw new Problem(status, 'http/not-looked-yet', `${name} was not looked at yet`, {
    hint: 'Ask again in a moment; /readyz?verbose says what is waited for.',
    headers: { 'retry-after': '1' },
  })
}

/**
 * Whether what is known is of an earlier moment: the engine does not answer, and nothing is looked at, done
 * or begun until it does.
 */
export function isStale(api: ControlApi): boolean {
  return engineTrouble(api) !== null
}

/** @throws Problem 503 while nothing can be done for anybody. */
export function requireEngine(api: ControlApi, name: string): void {
  const error = engineTrouble(api)
  if (error !== null)
    throw new Problem(503, 'runtime/unreachable', `${name}: ${error}, so nothing can be done now`, {
      hint: 'Ask again when /readyz says ok.',
    })
}

function engineTrouble(api: ControlApi): string | null {
  return api.readiness().find(({ name }) => name === 'engine')?.error ?? null
}

/** @throws Problem 404 */
export function requireKnown(api: ControlApi, name: string): void {
  const names = api.names()
  if (names.includes(name)) return
  throw new Problem(404, 'http/no-such-flotilla', `there is no flotilla called ${JSON.stringify(name)}`, {
    hint: names.length === 0 ? 'There is none at all.' : `There is: ${names.join(', ')}.`,
  })
}

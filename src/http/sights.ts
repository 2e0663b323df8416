import type { Sight } from '../reconciler/controller.js'
import type { Desk } from './desk.js'
import { Problem } from './problem.js'

/**
 * What is known of a flotilla.
 * @throws Problem 404 when there is none of that name; while it was not looked at 503, or what `status` says instead.
 */
export function sightOf(desk: Desk, name: string, status: 503 | 404 = 503): Sight {
  requireKnown(desk, name)
  const sight = desk.sightOf(name)
  if (sight !== null) return sight
  throw new Problem(status, 'http/not-looked-yet', `${name} was not looked at yet`, {
    hint: 'Ask again in a moment; /readyz?verbose says what is waited for.',
    headers: { 'retry-after': '1' },
  })
}

/** Whether what is known is of an earlier moment: the engine does not answer, and nothing is looked at, done or begun until it does. */
export function isStale(desk: Desk): boolean {
  return engineTrouble(desk) !== null
}

/** @throws Problem 503 while nothing can be done for anybody. */
export function requireEngine(desk: Desk, name: string): void {
  const trouble = engineTrouble(desk)
  if (trouble !== null)
    throw new Problem(503, 'runtime/unreachable', `${name}: ${trouble}, so nothing can be done now`, {
      hint: 'Ask again when /readyz says ok.',
    })
}

function engineTrouble(desk: Desk): string | null {
  return desk.readiness().find(({ name }) => name === 'engine')?.trouble ?? null
}

/** @throws Problem 404 */
export function requireKnown(desk: Desk, name: string): void {
  const names = desk.names()
  if (names.includes(name)) return
  throw new Problem(404, 'http/no-such-flotilla', `there is no flotilla called ${JSON.stringify(name)}`, {
    hint: names.length === 0 ? 'There is none at all.' : `There is: ${names.join(', ')}.`,
  })
}

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

/** @throws Problem 404 */
export function requireKnown(desk: Desk, name: string): void {
  const names = desk.names()
  if (names.includes(name)) return
  throw new Problem(404, 'http/no-such-flotilla', `there is no flotilla called ${JSON.stringify(name)}`, {
    hint: names.length === 0 ? 'There is none at all.' : `There is: ${names.join(', ')}.`,
  })
}

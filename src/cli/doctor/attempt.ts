import { systemClock } from '../../clock.js'
import { explainError } from '../../errors.js'
import type { Known } from './facts.js'

/** A doctor that waits for one organ never comes to the others. */
const deadlineMs = 15_000

export function unknown(reason: string): Known<never> {
  return { kind: 'unknown', reason }
}

/** A fact, or why it could not be had in time. */
export async function attempt<Value>(ask: () => Promise<Value>): Promise<Known<Value>> {
  const inTime = new AbortController()
  const late = systemClock.sleep(deadlineMs, inTime.signal).then((): Known<Value> => {
    return unknown(`no answer within ${deadlineMs / 1_000} s`)
  })
  try {
    return await Promise.race([ask().then((value): Known<Value> => ({ kind: 'known', value })), late])
  } catch (error) {
    return unknown(explainError(error).split('\n')[0] ?? '')
  } finally {
    inTime.abort()
  }
}

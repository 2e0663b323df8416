import { monotonicMs, type WriterSetting } from '../support/bench-writer.js'
import type { WriterContainer } from '../support/writer-container.js'

/**
 * Both kinds of client at once, in each round: one that tries again every 10 ms, and one that does what the
 * library does by itself.
 */
export interface Recovery {
  readonly quickMs: number
  readonly defaultMs: number
}

/** Longer than the slowest of all: a Sentinel that waits for 30 s, and a client that backs off beside it. */
const recoveredWithinMs = 90_000

/** Two writers write, the fault comes, and each is timed until it writes over a new connection. */
export async function measure(
  writerContainer: WriterContainer,
  setting: WriterSetting,
  fault: () => void | Promise<void>,
): Promise<Recovery> {
  const [quick, plain] = await Promise.all([
    writerContainer.open('quick', setting),
    writerContainer.open('plain', { ...setting, retry: 'default' }),
  ])
  await Promise.all([quick.more(100), plain.more(100)])
  const faultMs = monotonicMs()
  await fault()
  const backs = await Promise.all([
    quick.back(faultMs, recoveredWithinMs),
    plain.back(faultMs, recoveredWithinMs),
  ])
  await Promise.all([quick.close(), plain.close()])
  const [quickMs = Number.NaN, defaultMs = Number.NaN] = backs.map(({ backAtMs }) => backAtMs - faultMs)
  return { quickMs, defaultMs }
}

export function wordsOf(recovery: Recovery | undefined): string {
  return `${recovery?.quickMs.toFixed(0)} / ${recovery?.defaultMs.toFixed(0)} ms`
}

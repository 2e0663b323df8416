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
  const [quickMs = Number.NaN, defaultMs = Number.NaN] = await timeRecoveries(
    [
      { writerContainer, setting },
      { writerContainer, setting: { ...setting, retry: 'default' } },
    ],
    fault,
  )
  return { quickMs, defaultMs }
}

/** The same of any writers, all of them at one fault. @returns milliseconds, in their order. */
export async function timeRecoveries(
  writers: readonly { readonly writerContainer: WriterContainer; readonly setting: WriterSetting }[],
  fault: () => void | Promise<void>,
): Promise<readonly number[]> {
  const opened = await Promise.all(
    writers.map(({ writerContainer, setting }, index) => writerContainer.open(`writer ${index}`, setting)),
  )
  await Promise.all(opened.map(writer => writer.more(100)))
  const faultMs = monotonicMs()
  await fault()
  const backs = await Promise.all(opened.map(writer => writer.back(faultMs, recoveredWithinMs)))
  await Promise.all(opened.map(writer => writer.close()))
  return backs.map(({ backAtMs }) => backAtMs - faultMs)
}

export function wordsOf(recovery: Recovery | undefined): string {
  return `${recovery?.quickMs.toFixed(0)} / ${recovery?.defaultMs.toFixed(0)} ms`
}

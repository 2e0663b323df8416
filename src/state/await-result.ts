import type { Clock } from '../clock.js'
import type { FlotillaMemory, HistoryEntry, CompletedRequest } from '../model/record.js'

/** How often the memory is looked at: somebody waits. */
const pollIntervalMs = 20

/**
 * Where the memory of the one who was asked can be read: on disk by another process, in the daemon by itself.
 */
export type ReadMemory = () => Promise<FlotillaMemory | null>

/**
 * What became of a request: a change of masters that was begun is an entry of the history, everything else
 * one line.
 */
export type RequestResult = HistoryEntry | CompletedRequest

/** The answer to a request, found by its id; null when there is none in time, or `signal` aborts before. */
export async function awaitResult(
  readMemory: ReadMemory,
  request: {
    readonly requestId: string
    readonly timeoutMs: number
    readonly clock: Clock
    readonly signal?: AbortSignal | undefined
  },
): Promise<RequestResult | null> {
  const { requestId, timeoutMs, clock, signal } = request
  const endMs = clock.monotonicMs() + timeoutMs
  while (clock.monotonicMs() < endMs && signal?.aborted !== true) {
    const memory = await readMemory()
    const found =
      memory?.history.findLast(entry => entry.requestId === requestId) ??
      memory?.answers.findLast(answer => answer.requestId === requestId)
    if (found !== undefined) return found
    await clock.sleep(pollIntervalMs, signal)
  }
  return null
}

import type { Clock } from '../clock.js'
import type { FlotillaMemory, HistoryEntry } from '../reconciler/memory.js'

/** How often the memory is looked at: somebody waits. */
const lookEveryMs = 20

/** Where the memory of the one who was asked can be read: on disk by another process, in the daemon by itself. */
export type ReadMemory = () => Promise<FlotillaMemory | null>

/** What became of a request, found by its id in the history; null when nothing has in time. */
export async function awaitAnswer(
  readMemory: ReadMemory,
  wanted: { readonly requestId: string; readonly timeoutMs: number; readonly clock: Clock },
): Promise<HistoryEntry | null> {
  const { requestId, timeoutMs, clock } = wanted
  return waitFor(clock, timeoutMs, async () => {
    const memory = await readMemory()
    return memory?.history.findLast(entry => entry.requestId === requestId) ?? null
  })
}

/** Whether a pause, or its end, has taken effect in time. */
export async function awaitPause(
  readMemory: ReadMemory,
  wanted: { readonly kind: 'pause' | 'resume'; readonly timeoutMs: number; readonly clock: Clock },
): Promise<boolean> {
  const { kind, timeoutMs, clock } = wanted
  const isSo = await waitFor(clock, timeoutMs, async () => {
    const memory = await readMemory()
    return memory !== null && (memory.pausedSinceMs !== null) === (kind === 'pause') ? true : null
  })
  return isSo === true
}

async function waitFor<Found>(
  clock: Clock,
  timeoutMs: number,
  look: () => Promise<Found | null>,
): Promise<Found | null> {
  const endMs = clock.monotonicMs() + timeoutMs
  while (clock.monotonicMs() < endMs) {
    const found = await look()
    if (found !== null) return found
    await clock.sleep(lookEveryMs)
  }
  return null
}

import { errorCode } from '../../errors.js'
import type { PullProgress } from '../../runtime/runtime.js'
import type { Hands } from './hands.js'

/** Tells its progress once a second. What comes of it is remembered: whoever plans next has to know why, and the engine only says that the image is not there. */
export async function pullImage(
  { runtime, events, signal, rush, nowMs, keepMemory }: Hands,
  image: string,
): Promise<void> {
  let toldAtMs = 0
  const tell = ({ doneBytes, totalBytes }: PullProgress): void => {
    if (nowMs() - toldAtMs < 1_000) return
    toldAtMs = nowMs()
    events.publish('image.pulling', { image, doneBytes, totalBytes })
  }
  try {
    await runtime.pullImage(image, tell, { signal: AbortSignal.any([signal, rush]) })
    keepMemory(memory => ({ ...memory, imageTrouble: null }))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (errorCode(error) !== 'runtime/aborted')
      keepMemory(memory => ({ ...memory, imageTrouble: { image, why, atMs: nowMs() } }))
    throw error
  }
}

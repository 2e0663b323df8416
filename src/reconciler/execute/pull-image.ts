import { errorCode } from '../../errors.js'
import type { PullProgress } from '../../runtime/runtime.js'
import type { ExecutionContext } from './execution-context.js'

/**
 * Tells its progress once a second. What comes of it is remembered: whoever plans next has to know why, and
 * the engine only says that the image is not there.
 */
export async function pullImage(
  { runtime, events, signal, preemptSignal, nowMs, setMemory }: ExecutionContext,
  image: string,
): Promise<void> {
  let reportedAtMs = 0
  const report = ({ doneBytes, totalBytes }: PullProgress): void => {
    if (nowMs() - reportedAtMs < 1_000) return
    reportedAtMs = nowMs()
    events.publish('image.pulling', { image, doneBytes, totalBytes })
  }
  try {
    await runtime.pullImage(image, report, { signal: AbortSignal.any([signal, preemptSignal]) })
    setMemory(memory => ({ ...memory, imageTrouble: null }))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (errorCode(error) !== 'runtime/aborted')
      setMemory(memory => ({ ...memory, imageTrouble: { image, reason, atMs: nowMs() } }))
    throw error
  }
}

import { systemClock } from '../clock.js'
import { explainError } from '../errors.js'

/**
 * Looks again and again until `signal` aborts. A first look that fails is an error; a later one is told of,
 * because whoever watches wants to see it come back.
 */
export async function poll(watch: {
  readonly update: () => Promise<void>
  readonly onTrouble: (reason: string) => void
  readonly everyMs: number
  readonly signal: AbortSignal
}): Promise<void> {
  let hasSeen = false
  while (!watch.signal.aborted) {
    try {
      await watch.update()
      hasSeen = true
    } catch (error) {
      if (!hasSeen) throw error
      watch.onTrouble(`can't look: ${explainError(error)}\n`)
    }
    await systemClock.sleep(watch.everyMs, watch.signal)
  }
}

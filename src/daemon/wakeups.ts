import type { Controller } from '../reconciler/loop/controller.js'
import type { RedisPort } from '../redis/redis.js'
import { readNodeLabels } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'

/**
 * Wakes the controller for what is heard of the world. All of it is hints: what is lost costs time, not
 * truth.
 * @returns ends it.
 */
export function startWakeups(
  controller: Controller,
  { redis, runtime }: { readonly redis: RedisPort; readonly runtime: Runtime },
): () => void {
  const watching = new AbortController()
  // The first sign of a crash is the connection, about 1 ms after it. Docker's event comes when the engine
  // has finished with the container, some 100 ms later.
  const unsubscribe = redis.onConnectionLost(node => controller.recordLost(node))
  runtime.watchEvents(
    {
      onEvent: event => {
        const flotilla =
          readNodeLabels(event.labels)?.flotilla ?? (event.type === 'network' ? event.name : null)
        if (flotilla !== null) controller.wake(flotilla)
      },
      onResync: () => controller.wakeAll(),
      onDisconnect: () => undefined,
    },
    watching.signal,
  )
  return () => {
    watching.abort()
    unsubscribe()
  }
}

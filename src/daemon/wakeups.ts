import type { Controller } from '../reconciler/loop/controller.js'
import type { RedisPort } from '../redis/redis.js'
import type { GatewayPort } from '../gateway/gateway.js'
import { flotillaLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'

/**
 * Wakes the controller for what is heard of the world. All of it is hints: what is lost costs time, not
 * truth.
 * @returns ends it.
 */
export function startWakeups(
  controller: Controller,
  {
    redis,
    gateway,
    runtime,
  }: { readonly redis: RedisPort; readonly gateway: GatewayPort; readonly runtime: Runtime },
): () => void {
  const watching = new AbortController()
  // The first sign of a crash is the connection, about 1 ms after it. Docker's event comes when the engine
  // has finished with the container, some 100 ms later.
  const forgetGateways = gateway.onConnectionLost(({ flotilla }) => controller.wake(flotilla))
  const unsubscribe = redis.onConnectionLost(node => controller.recordLost(node))
  runtime.watchEvents(
    {
      onEvent: event => {
        const flotilla = event.labels[flotillaLabel] ?? (event.type === 'network' ? event.name : null)
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
    forgetGateways()
  }
}

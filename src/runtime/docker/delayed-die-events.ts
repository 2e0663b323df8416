import { flotillaLabel } from '../labels.js'
import type { EventHandlers, RuntimeEvent } from '../runtime.js'
import { inspectContainer } from './container-list.js'
import type { EngineClient } from './engine-client.js'

/**
 * Holds back the `die` of a container of ours, and what follows it, until the engine's own list says that it
 * has ended.
 *
 * Docker tells of a death before it has taken the container's network apart, and until then, 105 ms later,
 * its list says `running` (measured on 20.10; that the process is gone is known by its connection long before
 * either). Whoever looks at the event's bidding sees a container that runs and does not answer, and waits. An
 * inspect waits for the lock under which the engine does this, and comes back at the first moment at which a
 * start can begin.
 */
export function withDelayedDieEvents(
  client: EngineClient,
  handlers: EventHandlers,
  signal: AbortSignal,
): EventHandlers {
  const heldBack = new Map<string, RuntimeEvent[]>()
  const release = (containerId: string): void => {
    const events = heldBack.get(containerId) ?? []
    heldBack.delete(containerId)
    for (const event of events) if (!signal.aborted) handlers.onEvent(event)
  }
  return {
    ...handlers,
    onEvent(event) {
      const waiting = heldBack.get(event.id)
      if (waiting !== undefined) return void waiting.push(event)
      if (!isOwnDieEvent(event)) return handlers.onEvent(event)
      heldBack.set(event.id, [event])
      const tell = (): void => release(event.id)
      // Without an answer it is told all the same: an event is a hint, and whoever gets it looks for
      // themselves.
      inspectContainer(client, event.id, { signal }).then(tell, tell)
    },
  }
}

function isOwnDieEvent({ type, action, labels }: RuntimeEvent): boolean {
  return type === 'container' && action === 'die' && labels[flotillaLabel] !== undefined
}

import type { EventSink } from '../../events/catalogue.js'
import type { Runtime } from '../../runtime/runtime.js'

/** What the runtime mends by itself is told like everything else that changes the world. @returns ends it. */
export function reportDroppedEndpoints(runtime: Runtime, events: EventSink): () => void {
  return runtime.onEndpointDropped(({ flotilla, network, endpoint }) =>
    events.publish('network.endpoint-dropped', { network, endpoint }, { flotilla }),
  )
}

import type { EventScope, EventSink } from './catalogue.js'

/** A sink that adds this scope to every event. */
export function scoped(sink: EventSink, scope: EventScope): EventSink {
  return { publish: (code, fields, more) => sink.publish(code, fields, { ...scope, ...more }) }
}

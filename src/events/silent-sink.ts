import type { EventSink } from './catalogue.js'

/** Says nothing to anybody: for commands whose output is their own. */
export const silentSink: EventSink = { publish: () => undefined }

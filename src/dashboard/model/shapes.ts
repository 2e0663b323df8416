import type { z } from 'zod'
import type * as shapes from '../../http/schemas.js'

/** What the daemon tells, in the API's own shapes. Types only: none of the daemon's code gets into the page. */
export type Flotilla = z.output<typeof shapes.flotilla>
export type FlotillaNode = Flotilla['nodes'][number]
export type Health = FlotillaNode['health']
export type Phase = Flotilla['phase']
export type Condition = Flotilla['conditions'][number]
export type Daemon = z.output<typeof shapes.daemon>
export type Plan = z.output<typeof shapes.plan>
export type HistoryEntry = z.output<typeof shapes.historyEntry>
export type { EventRecord } from '../../events/journal/record.js'

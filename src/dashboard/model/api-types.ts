import type { z } from 'zod'
import type * as schemas from '../../http/schemas.js'

/**
 * What the daemon tells, in the API's own shapes. Types only: none of the daemon's code gets into the page.
 */
export type Flotilla = z.output<typeof schemas.flotilla>
export type FlotillaNode = Flotilla['nodes'][number]
export type Health = FlotillaNode['health']
export type Phase = Flotilla['phase']
export type Condition = Flotilla['conditions'][number]
export type Daemon = z.output<typeof schemas.daemon>
export type Plan = z.output<typeof schemas.plan>
export type HistoryEntry = z.output<typeof schemas.historyEntry>
export type { EventRecord } from '../../events/journal/record.js'

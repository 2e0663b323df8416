import type { ActionOf, ActionKind } from '../../model/plan.js'
import type { Execution } from './execution.js'

/** Does what an action says, with one call, and decides nothing. Rejects with FlotillaError. */
type PerformAction<Kind extends ActionKind> = (execution: Execution, action: ActionOf<Kind>) => Promise<void>

/** How each of some kinds of action is done: the compiler misses none. */
export type Performers<Kind extends ActionKind> = { readonly [K in Kind]: PerformAction<K> }

/** A node that was started a moment ago has this long to answer its first command. */
export const commandDeadlineMs = 10_000

/** A step of a change of master, while writes wait. */
export const stepDeadlineMs = 1_000

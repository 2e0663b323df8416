import type { OrderBand } from '../order-bands.js'

/** What all of the planner knows of one kind of action. How it is done is in src/reconciler/execute. */
export interface ActionEntry<A> {
  /** As people read it, without its cause. */
  readonly text: (action: A) => string
  /** The bands in which it may stand, and its place in each: lower first, the same concurrently. */
  readonly order: { readonly [Band in OrderBand]?: number }
  /**
   * What it takes away from whoever uses the flotilla, in words for the person who decides whether now is the
   * time; left out, or null, when nobody notices it.
   */
  readonly impact?: (action: A, around: PlanContext) => string | null
  /** What must have succeeded before. */
  readonly needs: Needs
  /** The nodes that it changes or relies on; left out: its `ordinal`, if it has one. */
  readonly nodes?: (action: A) => readonly number[]
  /**
   * It makes a node's container exist, run or be reached: all that is done to the node afterwards needs it.
   */
  readonly bringsUp?: true
  /**
   * Whether a later step of a change of master needs it. Left out: always. `own-node`: where it is about the
   * same node; else it only brings up another one. `no`: nobody's safety hangs on it.
   */
  readonly neededByMasterChange?: 'own-node' | 'no'
  /**
   * Whether it is tried again with growing pauses (action-backoff.ts). Left out: as often as a pass comes,
   * and so is what waits only outside a change of master, while one is under way.
   */
  readonly backsOff?: 'always' | 'outside-master-change'
  /** What it is done to, for counting its failures; left out: its node. */
  readonly subject?: (action: A) => string
  /** It brings something into being, or takes something away. */
  readonly mark?: '+' | '-'
}

/** What an action needs of those in earlier stages. All that is said holds. */
export interface Needs {
  readonly all?: true
  /** Every step of a change of master before it. */
  readonly masterChange?: 'always' | 'while-under-way'
  /** Its nodes are up. */
  readonly nodesUp?: true
  /** All that was done to its nodes, but for their names. */
  readonly allOfNodes?: true
  /** Whoever had the name that it takes has given it up. */
  readonly name?: true
  /** Actions of these kinds that are about its nodes. */
  readonly ofNodes?: readonly NeededKind[]
  /** Actions of these kinds, whichever they are about. */
  readonly kinds?: readonly NeededKind[]
}

/** Kinds of actions that others may need; the table of all kinds has an entry for each. */
export type NeededKind =
  | 'activate-passwords'
  | 'apply-config'
  | 'apply-users'
  | 'attach-gateway'
  | 'connect-network'
  | 'create-container'
  | 'create-gateway'
  | 'create-network'
  | 'follow'
  | 'limit-container'
  | 'load-certificate'
  | 'pull-image'
  | 'record-source'
  | 'remove-gateway'
  | 'rename-gateway'
  | 'save-snapshot'
  | 'set-append-only'
  | 'set-port'
  | 'start-gateway'
  | 'stop-container'
  | 'stop-gateway'
  | 'write-config'

/** What the impact of an action depends on. */
export interface PlanContext {
  /** Nodes that the plan starts. */
  readonly started: readonly number[]
  /** Nodes whose writes the plan pauses. */
  readonly paused: readonly number[]
  /** It creates the flotilla: there is no data yet. */
  readonly creates: boolean
}

/** One entry for each kind: the compiler misses none. */
export type ActionTable<A extends { readonly kind: string }> = {
  readonly [Kind in A['kind']]: ActionEntry<Extract<A, { readonly kind: Kind }>>
}

/** Its target: a node of ours, or the Redis that the flotilla follows, by what it is called. */
export type Target = { readonly ordinal: number } | { readonly source: string }

export function targetText(target: Target): string {
  return 'ordinal' in target ? `node ${target.ordinal}` : target.source
}

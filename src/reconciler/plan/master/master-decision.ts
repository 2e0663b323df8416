import type { Operation, OperationKind, Request } from '../../../model/record.js'
import type { Refusal, Wait } from '../../../model/plan.js'

/**
 * Who is master, decided from our own record first, then from names, then from what the nodes hold.
 *
 * A node is born a replica and never becomes master by booting, so "nobody says master" is the normal start
 * of every life after a crash, and the question is always the same: which node may be promoted without losing
 * what another one holds? The order of trust:
 * 1. a node that is active already and is the recorded one;
 * 2. the record (`memory.master`, or an operation that was under way);
 * 3. without a record, the container that holds the master's name (a container's name is its role);
 * 4. without either, data: the only node that has any, or the furthest of one lineage. What contradicts the
 *    record (an empty master where there was data) is a refusal, never a guess; a change of master that is
 *    complete, and that the record has missed, is written down (external-change.ts).
 */
export type MasterDecision =
  /** None of our nodes: it follows a Redis of somebody else. */
  | { readonly kind: 'external' }
  /** The recorded master is active. */
  | { readonly kind: 'active'; readonly ordinal: number }
  /** A master is active that our record does not name: write it down, and change nothing but names. */
  | {
      readonly kind: 'unrecorded'
      readonly ordinal: number
      readonly operationKind: 'adoption' | 'external' | 'restored'
      readonly reason: string
    }
  /** Nothing exists anywhere: the first node is promoted as soon as it is up, within the same plan. */
  | { readonly kind: 'create'; readonly ordinal: number; readonly reason: string }
  /** The evidence is complete: promote now. */
  | {
      readonly kind: 'promote'
      readonly ordinal: number
      readonly operationKind: OperationKind
      readonly reason: string
      /** When the trouble began that it answers; null when there was none. */
      readonly troubleAtMs?: number
      /** Keys that were there and are gone with it. */
      readonly lostKeys?: number
    }
  /**
   * The old master is being made sure of: the intent is written down, and it is killed when it is not dead
   * yet. Nobody is promoted yet.
   */
  | {
      readonly kind: 'fence'
      readonly ordinal: number
      readonly kill: boolean
      readonly operation: Operation
    }
  /** An operation that was begun has lost its reason. */
  | { readonly kind: 'abort'; readonly operation: Operation; readonly reason: string }
  /** A master is active and is to hand over to another node, losing nothing. */
  /** What was asked for can't be done. */
  | { readonly kind: 'reject'; readonly request: Request; readonly reason: string }
  | { readonly kind: 'switchover'; readonly from: number; readonly to: number; readonly operation: Operation }
  /** Not decided yet; `ordinal` is the one expected, when there is one. */
  | { readonly kind: 'pending'; readonly ordinal: number | null; readonly waits: readonly Wait[] }
  | { readonly kind: 'refused'; readonly ordinal: number | null; readonly refusal: Refusal }

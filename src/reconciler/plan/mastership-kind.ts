import type { OperationKind } from '../memory.js'
import type { Refusal, Wait } from './plan.js'

/**
 * Who is master, decided from our own record first, then from names, then from what the nodes hold.
 *
 * A node is born a replica and never becomes master by booting, so "nobody says master" is the normal start of every life after a crash, and the
 * question is always the same: which node may be crowned without losing what another one holds? The order of trust:
 * 1. a node that reigns already and is the recorded one;
 * 2. the record (`memory.master`, or an operation that was under way);
 * 3. without a record, the container that holds the master's name (a container's name is its role);
 * 4. without either, data: the only node that has any, or the furthest of one lineage.
 * What contradicts the record (an empty master where there was data) is a refusal, never a guess.
 */
export type Mastership =
  /** The recorded master reigns. */
  | { readonly kind: 'reigning'; readonly ordinal: number }
  /** A master reigns that we have no record of: write it down, change nothing. */
  | { readonly kind: 'found'; readonly ordinal: number; readonly reason: string }
  /** Nothing exists anywhere: the first node is crowned as soon as it is up, within the same plan. */
  | { readonly kind: 'first'; readonly ordinal: number; readonly reason: string }
  /** The evidence is complete: promote now. */
  | {
      readonly kind: 'crown'
      readonly ordinal: number
      readonly operationKind: OperationKind
      readonly reason: string
    }
  /** Not decided yet; `ordinal` is the one expected, when there is one. */
  | { readonly kind: 'pending'; readonly ordinal: number | null; readonly waits: readonly Wait[] }
  | { readonly kind: 'refused'; readonly ordinal: number | null; readonly refusal: Refusal }

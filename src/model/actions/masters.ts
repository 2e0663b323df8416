import type { Lineage, Operation, Request } from '../record.js'
import { targetText, type ActionTable, type PlanContext, type Target } from './action-entry.js'

/** Who is master, and who follows. */
export type MasterAction =
  | { readonly kind: 'begin-operation'; readonly operation: Operation }
  | ({ readonly kind: 'pause-writes'; readonly forMs: number } & Target)
  /** Until the node has applied all that the other has, which must be pausing its writes. */
  | ({
      readonly kind: 'catch-up'
      readonly ordinal: number
      readonly withinMs: number
    } & ({ readonly master: number } | { readonly source: string }))
  | { readonly kind: 'promote'; readonly ordinal: number }
  | ({ readonly kind: 'disconnect-clients' } & Target)
  | ({ readonly kind: 'resume-writes' } & Target)
  | {
      readonly kind: 'end-operation'
      readonly operation: Operation
      readonly result: 'done' | 'aborted'
      readonly offsetGapBytes: number | null
      readonly detail: string | null
      /** Keys that were there and are gone for good; 0 when none are known to be. */
      readonly lostKeys: number
      /** What the new master is known to hold; left out when nothing is. */
      readonly lineage?: Lineage
    }
  | {
      readonly kind: 'complete-request'
      readonly request: Request
      readonly result: 'done' | 'refused'
      readonly detail: string
      readonly divergent: readonly number[]
    }
  | FollowAction

interface FollowAction {
  readonly kind: 'follow'
  readonly ordinal: number
  readonly master: number
  readonly reconnect: boolean
  /**
   * It is no copy: it gives up what it holds and copies everything. Which run that is, and how many
   * commands of its master it has refused.
   */
  readonly fullCopy?: { readonly runId: string; readonly errors: number }
  /** Said of every link (see encryptReplication); absent where TLS was never asked for. */
  readonly encrypted?: boolean
}

export const masterActions: ActionTable<MasterAction> = {
  'begin-operation': {
    text: ({ operation: { kind, to, epoch } }) =>
      `record ${kind}: node ${to} is to be master, epoch ${epoch}`,
    // The latter where nodes are brought up first, which is no part of it.
    order: { prepare: 0, demote: 0 },
    impact: ({ operation }) =>
      operation.kind === 'failover' ? 'writes the old master alone had are lost' : null,
    needs: { masterChange: 'always' },
    nodes: ({ operation }) => [operation.to],
  },
  'pause-writes': {
    text: action => `pause writes on ${targetText(action)} for ${action.forMs} ms at most`,
    order: { demote: 1 },
    impact: ({ forMs }) => `write pause: ${forMs} ms at most, some 10 ms as a rule`,
    needs: { masterChange: 'always' },
  },
  'catch-up': {
    text: action => {
      const ahead = 'source' in action ? action.source : `node ${action.master}`
      return `wait until node ${action.ordinal} has all that ${ahead} has, ${action.withinMs} ms at most`
    },
    order: { demote: 2 },
    needs: { masterChange: 'always' },
    nodes: action => ('source' in action ? [action.ordinal] : [action.ordinal, action.master]),
  },
  promote: {
    text: ({ ordinal }) => `promote node ${ordinal}`,
    order: { promote: 0 },
    needs: { masterChange: 'always' },
  },
  'disconnect-clients': {
    text: action => `drop the clients of ${targetText(action)}`,
    // Of a source last: who may not do this there may take over all the same.
    order: { promote: 0, 'take-name': 1, follow: 0 },
    impact: action =>
      'source' in action
        ? `the clients of ${action.source} are cut`
        : `the clients of node ${action.ordinal} are cut, and find the new master by its name`,
    needs: { masterChange: 'always' },
  },
  'resume-writes': {
    text: action => `resume writes on ${targetText(action)}`,
    order: { 'take-name': 2 },
    needs: { masterChange: 'always' },
  },
  'end-operation': {
    text: ({ operation, result }) => `record ${operation.kind}: ${result}`,
    order: { end: 1 },
    needs: { masterChange: 'always' },
    nodes: ({ operation }) => [operation.to],
  },
  'complete-request': {
    text: ({ request, result, detail }) =>
      `answer the ${request.kind} that was asked for: ${result}, ${detail}`,
    order: { end: 1 },
    needs: { kinds: ['stop-container'] },
  },
  follow: {
    text: ({ ordinal, master, fullCopy, reconnect, encrypted }) =>
      [
        `node ${ordinal} follows node ${master}`,
        ...(fullCopy === undefined ? [] : ['and copies everything']),
        ...(reconnect ? ['(reconnects)'] : []),
        ...(encrypted === true ? ['over TLS'] : []),
      ].join(' '),
    // The former is an old master's, which is a replica from then on.
    order: { demote: 3, follow: 2 },
    impact: impactOfFollow,
    // A follower needs its master up, promoted and listening.
    needs: { allOfNodes: true },
    nodes: ({ ordinal, master }) => [ordinal, master],
    backsOff: 'outside-master-change',
  },
}

/**
 * A node that is started by the plan has no position in the master's stream that Redis would take (with an
 * AOF never, with a snapshot at times); one that runs has. In a new flotilla there is no data to copy.
 */
function impactOfFollow({ ordinal }: FollowAction, { started, paused, creates }: PlanContext): string | null {
  if (paused.includes(ordinal)) return `node ${ordinal} takes no writes any more`
  return started.includes(ordinal) && !creates
    ? `full resync of node ${ordinal}: as a rule all data is copied from the master`
    : null
}

import type { Action, Plan, Refusal, Stage, Wait } from '../../model/plan.js'

/**
 * The order in which things may happen. Each part of the planner says in which phase an action belongs; a
 * phase becomes one stage. The order is an argument: a promotion stands before the renames, or beside them
 * where clients wait for both (see naming.ts), so that the name never leads to a node that can't take writes
 * for longer than two renames take; the master starts before the others, because a replica that asks for an
 * address before anybody answers there is made to wait a second by the kernel (an unanswered ARP request);
 * followers come after the renames; a network that clients live on is joined last, because it is not ours and
 * may be broken, and left before the followers are told to connect anew; nothing is removed before all that
 * is new follows; a container's files are put right before it is started; clients of an old master are
 * dropped while their writes still wait, or they would be told READONLY first; passwords of running nodes
 * come after all else: a user that a server won't take must not keep anything else from being done.
 */
const orderBands = [
  'begin',
  'fence',
  'prepare',
  'probe',
  'stop-old',
  'discard',
  'make-room',
  'create',
  'attach',
  'archive-data',
  'write-auth-files',
  'start-master',
  'start',
  'record',
  'pause',
  'catch-up',
  'demote',
  'restore-login',
  'promote',
  'kill-restarted',
  'release-name',
  'take-name',
  'disconnect',
  'resume',
  'final-name',
  'end',
  'disconnect-network',
  'open-port',
  'follow',
  'raise-memory',
  'apply-config',
  'lower-memory',
  'close-port',
  'persist',
  'write-config',
  'unpersist',
  'connect-network',
  'stop-excess',
  'remove-excess',
  'remove-rest',
  'apply-users',
  'activate-passwords',
  'retire-passwords',
] as const

export type OrderBand = (typeof orderBands)[number]

/** What one part of the planner contributes. */
export interface Contribution {
  readonly actions?: readonly { readonly phase: OrderBand; readonly action: Action }[]
  readonly waits?: readonly Wait[]
  readonly refusals?: readonly Refusal[]
}

export function joinContributions(flotilla: string, contributions: readonly Contribution[]): Plan {
  const all = contributions.flatMap(one => one.actions ?? [])
  const stages: Stage[] = orderBands
    .map(phase => all.filter(one => one.phase === phase).map(one => one.action))
    .filter(actions => actions.length > 0)
  return {
    flotilla,
    stages,
    waits: contributions.flatMap(one => one.waits ?? []),
    refusals: contributions.flatMap(one => one.refusals ?? []),
    failing: [],
  }
}

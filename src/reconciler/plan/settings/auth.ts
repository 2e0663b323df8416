import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { driftOf } from './drift.js'
import { appliedAuthFiles, appliedUsers, isApplied } from '../../desired/applied.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution } from '../ordering.js'
import type { Action, Wait } from '../../../model/plan.js'
import type { AuthView } from '../../../model/auth-view.js'

/**
 * Users and passwords: gives every node what the keyring says (a running one at once, a stopped one for its
 * next start), and moves the keyring on when the nodes have it. Of Flotilla's own users a new password is
 * used only when every node has it, so that no link and no probe is ever refused; of all others when every
 * node has it that can be reached, so that one frozen node does not keep a leaked password alive.
 *
 * `others` are the actions that this plan has already: a node that they stop, make or start is given
 * everything by that.
 */
export function planAuth(input: PlanInput, members: Members, others: readonly Action[]): Contribution {
  const { auth } = input
  if (auth === null) return {}
  const stale = [...members.wanted, ...members.excess].filter(node => isStale(input, auth, node))
  const recreated = stale.filter(node => others.some(action => recreates(action, node.ordinal)))
  const free = stale.filter(node => !recreated.includes(node))
  const live = free.filter(node => node.seen?.probe?.kind === 'answered')
  const atRest = free.filter(node => node.bucket === 'stopped')
  const late = free.filter(node => !live.includes(node) && !atRest.includes(node))
  return {
    actions: [
      ...atRest.map(node => ({ band: 'create' as const, action: writeFiles(node, staleCause) })),
      ...live.map(node => ({
        band: 'access' as const,
        action: { ...target(node), kind: 'apply-users' as const, cause: causeOf(input, node) },
      })),
      ...updateKeyring(auth, { allNodesHaveIt: late.length + recreated.length === 0, atMs: input.seen.atMs }),
    ],
    waits: waitForMissingNodes(auth, late),
  }
}

const staleCause = 'the users or passwords that it was given are not those of today'

function causeOf(input: PlanInput, node: Member): string {
  const { users } = driftOf(input, node)
  return users.length === 0 ? staleCause : `somebody has changed its users there: ${users.join(', ')}`
}

/** Before a container is started again; null when its files are those of today. */
export function configRewrite(input: PlanInput, node: Member): Action | null {
  const { auth } = input
  if (auth === null || node.seen === null || hasCurrentFiles(auth, node)) return null
  return writeFiles(node, 'it would start with users and passwords of an earlier day')
}

/** One that has no container, or whose container is on its way out, has nothing that could be old. */
function isStale(input: PlanInput, auth: AuthView, node: Member): boolean {
  if (node.seen === null || node.bucket === 'removing') return false
  if (!hasCurrentFiles(auth, node)) return true
  if (node.bucket === 'stopped') return false
  return !hasCurrentUsers(auth, node) || driftOf(input, node).users.length > 0
}

function hasCurrentFiles({ digest }: AuthView, { seen, record }: Member): boolean {
  return seen !== null && isApplied(record, appliedAuthFiles(seen.container, digest))
}

function hasCurrentUsers({ digest }: AuthView, { seen, record }: Member): boolean {
  return seen !== null && isApplied(record, appliedUsers(seen.container, digest))
}

function recreates(action: Action, ordinal: number): boolean {
  return (
    'name' in action &&
    'ordinal' in action &&
    action.ordinal === ordinal &&
    action.kind !== 'rename-container'
  )
}

function writeFiles(node: Member, cause: string): Action {
  return { ...target(node), kind: 'write-config', cause }
}

function target({ ordinal, seen }: Member): { readonly ordinal: number; readonly name: string } {
  return { ordinal, name: seen?.container.name ?? '' }
}

/** Steps of the keyring itself; each is taken only when the actions before it have succeeded. */
function updateKeyring(
  auth: AuthView,
  { allNodesHaveIt, atMs }: { readonly allNodesHaveIt: boolean; readonly atMs: number },
): NonNullable<Contribution['actions']>[number][] {
  const adopted = auth.pending.filter(({ own }) => !own || allNodesHaveIt).map(one => one.user)
  const ended = auth.former.filter(one => one.untilMs <= atMs && (!one.own || allNodesHaveIt))
  const retired = [...new Set(ended.map(one => one.user))]
  const departed = allNodesHaveIt ? auth.departed : []
  const steps: NonNullable<Contribution['actions']>[number][] = []
  if (adopted.length > 0)
    steps.push({
      band: 'access',
      action: { kind: 'activate-passwords', users: adopted, cause: 'the nodes accept the new password' },
    })
  if (retired.length > 0 || departed.length > 0)
    steps.push({
      band: 'access',
      action: {
        kind: 'retire-passwords',
        users: retired,
        departed,
        cause:
          retired.length > 0
            ? 'the time in which the former password is accepted beside the new one is over'
            : 'no node has the user any more',
      },
    })
  return steps
}

function waitForMissingNodes(auth: AuthView, late: readonly Member[]): Wait[] {
  const own = auth.pending.filter(one => one.own).map(one => one.user)
  const [first] = late
  if (own.length === 0 || first === undefined) return []
  const nodes = late.map(node => `${node.ordinal} (${node.bucket})`).join(', ')
  return [
    {
      what: `node ${nodes} can be given the new password of ${own.join(' and ')}`,
      ordinal: first.ordinal,
      recheckInMs: 1_000,
    },
  ]
}

/** Nodes that were not given what the keyring says, for those who tell. */
export function nodesMissingAuth(input: PlanInput, members: Members): readonly Member[] {
  const { auth } = input
  if (auth === null) return []
  return [...members.wanted, ...members.excess].filter(node => isStale(input, auth, node))
}

import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { containerIncarnation, isApplied, processIncarnation } from '../../desired/applied.js'
import type { ContainerFacts } from '../../../model/engine.js'
import type { AppliedSettings } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution } from '../ordering.js'
import type { Action, Wait } from '../../../model/plan.js'
import type { AuthView } from '../../../model/auth-view.js'
import type { ConditionValue } from '../../../model/condition-value.js'
import { printableNames } from '../../../model/acl-user.js'
import type { ConditionContext, Setting, SettingContext } from './setting.js'

/**
 * Users and passwords: gives every node what the keyring says (a running one at once, a stopped one for its
 * next start), and moves the keyring on when the nodes have it. Of Flotilla's own users a new password is
 * used only when every node has it, so that no link and no probe is ever refused; of all others when every
 * node has it that can be reached, so that one frozen node does not keep a leaked password alive.
 *
 * It comes last: a node that other actions of the plan stop, make or start is given everything by that.
 */
export const usersSetting: Setting<'AuthApplied'> = {
  isApplied: (input, node) => input.auth === null || !isStale(input, input.auth, node),
  given: { files: given => appliedAuthFiles(given, given.authDigest) },
  drift: userDrift,
  plan: planUsers,
  conditions: { AuthApplied: authCondition },
}

function planUsers(input: PlanInput, members: Members, { others }: SettingContext): Contribution {
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
  const users = userDrift(input, node)
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
  return !hasCurrentUsers(auth, node) || userDrift(input, node).length > 0
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

function userDrift({ auth, memory }: PlanInput, { seen, facts, record }: Member): readonly string[] {
  const applied = seen?.applied ?? null
  if (auth === null || applied === null || seen === null || facts === null) return []
  if (!isApplied(record, appliedUsers(seen.container, auth.digest))) return []
  // Rules that a server does not take are told as refused, and not given to it over and over.
  const refused = memory.usersRefused?.digest === auth.digest ? auth.others : []
  const wrong = applied.users.wrong.filter(name => !refused.includes(name))
  const others = applied.hasReplicationPassword ? [] : ['masterauth']
  if (wrong.length > 0 || others.length > 0) return [...wrong, ...others]
  const listed = record?.applied['listed-users']
  return listed !== undefined && refused.length === 0 && listed.digest !== applied.users.digest
    ? ['what they may do']
    : []
}

/** Besides it says which former passwords are accepted until when. */
function authCondition(input: PlanInput, { members, previous }: ConditionContext): ConditionValue {
  const { auth } = input
  if (auth === null) return { status: 'False', reason: 'Off', message: 'it has no passwords yet' }
  const nodes = [...members.wanted, ...members.excess]
  const pendingNodes = nodes.filter(node => isStale(input, auth, node))
  const overlaps = overlapMessage(auth.former)
  const before = previous?.conditions.find(({ type }) => type === 'AuthApplied')
  if (auth.problems.length > 0) {
    const message = auth.problems
      .map(
        ({ user, reason, remedy }) =>
          `the password of ${user} can't be read, and the last good one stays in force: ${reason}. Fix: ${remedy}`,
      )
      .join('; ')
    return { status: 'False', reason: unavailable, message }
  }
  // The environment of the daemon is not that of a command beside it: what the daemon found stands.
  if (auth.isPartial && before?.reason === unavailable)
    return { status: 'False', reason: unavailable, message: before.message }
  const refused = input.memory.usersRefused
  if (refused !== null && refused.digest === auth.digest)
    return {
      status: 'False',
      reason: refusedUsers,
      message: `a server does not take the rules of a user, which stays as it was: ${refused.reason}. Fix: change the rules in the manifest of ${input.spec.name} and save it`,
    }
  if (pendingNodes.length > 0) {
    const names = pendingNodes.map(node => `node ${node.ordinal} (${node.bucket})`).join(', ')
    const message = `${names} ${pendingNodes.length === 1 ? 'has' : 'have'} not been given today's users and passwords yet${overlaps === '' ? '' : `; ${overlaps}`}`
    return { status: 'False', reason: 'Pending', message }
  }
  if (auth.pending.length > 0)
    return {
      status: 'False',
      reason: 'Rotating',
      message: `every node accepts the new password of ${auth.pending.map(one => one.user).join(', ')}, which comes into use`,
    }
  const unknown = unknownUsers(nodes)
  if (unknown.length > 0)
    return {
      status: 'False',
      reason: unknownUser,
      message: `there are users that the manifest does not name: ${printableNames(unknown).join(', ')}. To remove them, run: flotilla rotate ${input.spec.name}`,
    }
  return overlaps === ''
    ? { status: 'True', reason: 'Applied', message: 'every node has its users and passwords' }
    : { status: 'True', reason: overlapping, message: overlaps }
}

/** Reasons that are news to whoever looks at a status; the others are as they should be. */
export const unavailable = 'PasswordUnavailable'
const refusedUsers = 'RulesRejected'
const overlapping = 'PasswordOverlap'
const unknownUser = 'UnknownUsers'

/** Users that some node has and nobody has asked us for. */
function unknownUsers(nodes: readonly Member[]): readonly string[] {
  const all = nodes.flatMap(({ seen }) => seen?.applied?.users.unknown ?? [])
  return [...new Set(all)].sort()
}

function overlapMessage(former: NonNullable<PlanInput['auth']>['former']): string {
  return former
    .map(
      ({ user, untilMs }) =>
        `the former password of ${user} is accepted until ${new Date(untilMs).toISOString()}`,
    )
    .join('; ')
}

/** The users and passwords in the files of a container, for its next start. */
export function appliedAuthFiles(
  container: Pick<ContainerFacts, 'containerId'>,
  digest: string,
): AppliedSettings {
  return { 'auth-files': { incarnation: containerIncarnation(container), digest } }
}

/** The users and passwords that a process has. */
export function appliedUsers(
  container: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>,
  digest: string,
): AppliedSettings {
  return { users: { incarnation: processIncarnation(container), digest } }
}

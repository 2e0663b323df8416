import type { Members } from '../plan/members/select-members.js'
import { nodesMissingAuth } from '../plan/settings/auth.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { ConditionValue } from '../../model/condition-value.js'
import type { FlotillaStatus } from '../../model/status.js'

/**
 * The condition AuthApplied: whether every node has the users and passwords that the manifest asks for, and
 * which former ones are accepted until when.
 */
export function authCondition(
  input: PlanInput,
  members: Members,
  previous: FlotillaStatus | null,
): ConditionValue {
  const { auth } = input
  if (auth === null) return { status: 'False', reason: 'Off', message: 'it has no passwords yet' }
  const pendingNodes = nodesMissingAuth(input, members)
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
    const nodes = pendingNodes.map(node => `node ${node.ordinal} (${node.bucket})`).join(', ')
    const message = `${nodes} ${pendingNodes.length === 1 ? 'has' : 'have'} not been given today's users and passwords yet${overlaps === '' ? '' : `; ${overlaps}`}`
    return { status: 'False', reason: 'Pending', message }
  }
  if (auth.pending.length > 0)
    return {
      status: 'False',
      reason: 'Rotating',
      message: `every node accepts the new password of ${auth.pending.map(one => one.user).join(', ')}, which comes into use`,
    }
  const unknown = unknownUsers(members)
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
export function unknownUsers({ wanted, excess }: Members): readonly string[] {
  const all = [...wanted, ...excess].flatMap(({ seen }) => seen?.applied?.users.unknown ?? [])
  return [...new Set(all)].sort()
}

/** A few of them: a name may be of any length, and hold anything but a space. */
export function printableNames(names: readonly string[]): readonly string[] {
  const shown = names
    .slice(0, 10)
    .map(name => (/^[\w.@:-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))))
  return names.length > shown.length ? [...shown, `and ${names.length - shown.length} more`] : shown
}

function overlapMessage(former: NonNullable<PlanInput['auth']>['former']): string {
  return former
    .map(
      ({ user, untilMs }) =>
        `the former password of ${user} is accepted until ${new Date(untilMs).toISOString()}`,
    )
    .join('; ')
}

import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { isApplied } from '../../desired/applied.js'
import { appliedAuthFiles } from '../settings/users.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution } from '../ordering.js'
import type { Refusal } from '../../../model/plan.js'

/**
 * Nodes that live and refuse our passwords: another state directory made them, or somebody changed their
 * users by hand. No wait ends that. A node without room for one more client is only waited for.
 */
export function planAuthFailures(input: PlanInput, members: Members): Contribution {
  return joined(rejectedPasswords(input, members), badCertificates(input, members))
}

/**
 * No node lets us in, so nothing tells that this flotilla is ours: a node that we made, started or removed
 * could be the owner's, on the owner's volume, with a password that the owner does not have. A certificate
 * that has ended is another matter where we have been let in before: a node that is started again gets a new
 * one.
 */
export function isRejectedByAllNodes(input: PlanInput, members: Members): boolean {
  const nodes = [...members.wanted, ...members.excess]
  const wasAccepted = input.memory.nodes.some(({ lineage }) => lineage !== null)
  const rejects = (node: Member): boolean =>
    rejectsOurPassword(node) || (!wasAccepted && causeOf(node) === 'certificate')
  return nodes.some(rejects) && nodes.every(node => node.facts === null)
}

function joined(...refusals: readonly (Refusal | null)[]): Contribution {
  const some = refusals.filter(refusal => refusal !== null)
  return some.length === 0 ? {} : { refusals: some }
}

/**
 * Whose certificate has ended or is another one than it was given can't be given a new one, because we send
 * nothing to whom we don't know.
 */
function badCertificates(input: PlanInput, members: Members): Refusal | null {
  const nodes = [...members.wanted, ...members.excess].filter(node => causeOf(node) === 'certificate')
  const [first] = nodes
  if (first === undefined) return null
  const reason = first.seen?.probe?.kind === 'denied' ? first.seen.probe.reason : ''
  const [next = first] = masterLast(input, nodes)
  return {
    code: 'AuthFailure',
    reason: `node ${nodes.map(node => node.ordinal).join(', ')} can't prove who it is: ${reason}. Nothing is sent to it`,
    remedy: `docker kill ${next.seen?.container.name}   (it is started again with the certificate in force; one node at a time, the master last)`,
  }
}

function rejectedPasswords(input: PlanInput, members: Members): Refusal | null {
  const nodes = [...members.wanted, ...members.excess].filter(rejectsOurPassword)
  if (nodes.length === 0) return null
  const list = nodes.map(node => `node ${node.ordinal} (${node.seen?.container.name})`).join(', ')
  const reason = `${list} ${nodes.length === 1 ? 'lives and does' : 'live and do'} not accept the passwords in our state directory: another state directory made ${nodes.length === 1 ? 'it' : 'them'}, or somebody changed the users`
  return { code: 'AuthFailure', reason, remedy: remedy(input, members, nodes) }
}

/** A replica is recreated beside a master that is well; without one the data must not be left to a guess. */
function remedy(input: PlanInput, members: Members, nodes: readonly Member[]): string {
  const { name } = input.spec
  const [first] = masterLast(input, nodes)
  // Its ACL file is the one that we wrote, and what its process knows was changed since: a start reads the
  // file again.
  if (first !== undefined && nodes.every(node => hasOurUsersInItsFile(input, node)))
    return `docker restart ${first.seen?.container.name}   (it starts with the users in its file, which are ours; one node at a time, the master last)`
  const names = nodes.map(node => node.seen?.container.name).join(' ')
  const hasActiveMaster = members.wanted.some(node => node.bucket === 'master')
  return hasActiveMaster
    ? `docker rm -f ${names}   (recreated on the same volume, with our passwords)`
    : `flotilla run --state <the directory that made them>, or flotilla down ${name} && flotilla up ${name}   (if that is lost: the nodes are recreated on their volumes with our passwords)`
}

function hasOurUsersInItsFile({ auth }: PlanInput, { seen, record }: Member): boolean {
  if (auth === null || seen === null) return false
  return isApplied(record, appliedAuthFiles(seen.container, auth.digest))
}

function masterLast({ memory }: PlanInput, nodes: readonly Member[]): readonly Member[] {
  const isMaster = ({ ordinal }: Member): boolean => ordinal === memory.master?.ordinal
  return nodes.toSorted((a, b) => Number(isMaster(a)) - Number(isMaster(b)))
}

function rejectsOurPassword(node: Member): boolean {
  return causeOf(node) === 'credentials'
}

function causeOf({ bucket, seen }: Member): 'credentials' | 'certificate' | 'other' | null {
  return bucket === 'auth-failure' && seen?.probe?.kind === 'denied' ? seen.probe.cause : null
}

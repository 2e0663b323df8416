import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Contribution } from './phases.js'

/**
 * Nodes that live and refuse our passwords: another state directory made them, or somebody changed their users by hand. No wait ends that. A node without
 * room for one more client is only waited for.
 */
export function planLockedOut(input: PlanInput, census: Census): Contribution {
  const nodes = [...census.wanted, ...census.surplus].filter(refusesOurPassword)
  if (nodes.length === 0) return {}
  const list = nodes.map(node => `node ${node.ordinal} (${node.seen?.container.name})`).join(', ')
  const why = `${list} ${nodes.length === 1 ? 'lives and does' : 'live and do'} not accept the passwords in our state directory: another state directory made ${nodes.length === 1 ? 'it' : 'them'}, or somebody changed the users`
  return { refusals: [{ code: 'LockedOut', why, whatToType: whatToType(input, census, nodes) }] }
}

/** A replica is made anew beside a master that is well; without one the data must not be left to a guess. */
function whatToType(input: PlanInput, census: Census, nodes: readonly ClassifiedNode[]): string {
  const { name } = input.spec
  const names = nodes.map(node => node.seen?.container.name).join(' ')
  const reigns = census.wanted.some(node => node.bucket === 'master')
  return reigns
    ? `docker rm -f ${names}   (made anew on the same volume, with our passwords)`
    : `flotilla run --state <the directory that made them>   (if it is lost: flotilla down ${name}, which keeps the data, then flotilla up ${name}; or, without the data: flotilla down ${name} --volumes)`
}

function refusesOurPassword(node: ClassifiedNode): boolean {
  const probe = node.seen?.probe
  return node.bucket === 'locked-out' && probe?.kind === 'denied' && probe.cause === 'credentials'
}

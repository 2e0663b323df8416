import { masterLinkAlias, nodeAlias } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import { type Member, reasonOf } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { ActionOf, Wait } from '../../../model/plan.js'
import { joined, type Contribution } from '../ordering.js'
import { whyNotDemote } from '../master/unexpected-master.js'
import { applyConfig } from '../settings/options.js'
import { unhealthyForMs } from '../members/unhealthy-for.js'

/**
 * Makes every wanted node but the master follow the master by its node alias. `starting` are nodes that will
 * be up after this plan's starts; `justPromoted` says that the master is promoted in this very plan, so that
 * those who wait for it with a broken link are reconnected instead of trying again up to a second later;
 * `readdressed` are nodes that this plan gives a new address.
 */
export function planReplication(input: PlanInput, members: Members, topology: Topology): Contribution {
  const context: StepContext = {
    ...{ input, topology },
    masterNode: members.wanted.find(node => node.ordinal === topology.master),
  }
  // An excess node that says it is master has to step down before it can be removed.
  const unexpectedMasters = members.excess.filter(node => node.bucket === 'unexpected-master')
  const steps = [...members.wanted, ...unexpectedMasters]
    .filter(node => node.ordinal !== topology.master)
    .map(node => stepOf(node, context))
  const { actions, waits, refusals } = joined(steps)
  // Whoever starts to follow may be a process that was never spoken to.
  const configActions = actions.flatMap(({ band, action }) =>
    action.kind === 'follow' && 'ordinal' in action
      ? [{ band, action: applyConfig(input, action.ordinal, 'its process may be new') }]
      : [],
  )
  return { actions: [...actions, ...configActions], waits, refusals }
}

interface Topology {
  readonly master: number
  readonly justPromoted: boolean
  readonly starting: readonly number[]
  readonly readdressed: readonly number[]
}

interface StepContext {
  readonly input: PlanInput
  readonly topology: Topology
  readonly masterNode: Member | undefined
}

/** What one node needs to follow the master, or waits for. */
function stepOf(node: Member, context: StepContext): Contribution {
  const { input, topology, masterNode } = context
  const { ordinal, bucket } = node
  const { starting, readdressed, master, justPromoted } = topology
  if (starting.includes(ordinal)) return follow(node, context, 'it has just started')
  if (readdressed.includes(ordinal) || (readdressed.includes(master) && bucket === 'online'))
    return reconnect(node, context, 'its connection to the master went with the old address')
  switch (bucket) {
    case 'wrong-upstream':
      return follow(node, context, `it follows ${upstreamOf(node)}, not the master`)
    case 'unexpected-master':
      return demote(node, context)
    case 'syncing':
      if (followsAnother(input.spec.name, node, master))
        return follow(node, context, `it follows ${upstreamOf(node)}, not the master`)
      return justPromoted
        ? reconnect(node, context, 'its master is back')
        : waitFor(node, syncProgress(node), pollIntervalMs(input, node))
    case 'starting':
      return waitFor(node, `node ${ordinal} answers`, 20)
    case 'loading':
      return waitFor(node, `node ${ordinal} loads its data`, 250)
    case 'busy':
      return waitFor(node, `node ${ordinal} ends a script that blocks it`, 1_000)
    case 'auth-failure':
      return waitFor(node, `node ${ordinal} lets us in (${reasonOf(node)})`, 1_000)
    case 'paused':
      return waitFor(node, `docker unpause ${node.seen?.container.name ?? ''}`, 1_000)
    case 'unreachable':
      return endHungReplica(node, context)
    case 'diverged':
      return copyEverything(node, context)
    case 'online':
      if (followsAnother(input.spec.name, node, master))
        return follow(node, context, `it follows ${upstreamOf(node)}, not the master`)
      return isLinkDead(input.spec.name, masterNode, node)
        ? reconnect(node, context, 'it believes its link is up, and nothing passes')
        : {}
    case 'absent':
    case 'stopped':
    case 'removing':
    case 'detached':
    case 'master':
    case 'unpromoted':
      return {}
  }
}

function follow({ ordinal }: Member, { topology }: StepContext, cause: string): Contribution {
  return followAction({ ordinal, master: topology.master, reconnect: false, cause })
}

function reconnect({ ordinal }: Member, { topology }: StepContext, cause: string): Contribution {
  return followAction({ ordinal, master: topology.master, reconnect: true, cause })
}

function followAction(
  what: Pick<ActionOf<'follow'>, 'reconnect' | 'fullCopy' | 'cause'> & {
    readonly ordinal: number
    readonly master: number
  },
): Contribution {
  return { actions: [{ band: 'follow', action: { kind: 'follow', ...what } }] }
}

function waitFor({ ordinal }: Member, what: string, recheckInMs: number): Contribution {
  return { waits: [{ what, ordinal, recheckInMs }] }
}

/**
 * One that stepped down before the promotion of this plan has met a master that was none yet: it is
 * reconnected.
 */
function demote(node: Member, context: StepContext): Contribution {
  const refusal = whyNotDemote(context.input.spec.name, node, context.masterNode)
  if (refusal !== null) return { refusals: [refusal] }
  return (context.topology.justPromoted ? reconnect : follow)(node, context, unexpectedMasterCause)
}

function endHungReplica(node: Member, { input }: StepContext): Contribution {
  const { ordinal } = node
  const name = node.seen?.container.name
  if (name === undefined || unhealthyForMs(input, node) <= hungReplicaMs)
    return waitFor(node, `node ${ordinal} answers or ends (${reasonOf(node)})`, pollIntervalMs(input, node))
  const cause = `it has given no sign of life for ${hungReplicaMs / 1_000} s; it is started again on its volume`
  return { actions: [{ band: 'prepare', action: { kind: 'kill-container', ordinal, name, cause } }] }
}

function copyEverything(node: Member, { input, topology }: StepContext): Contribution {
  const wait = whyNotResyncYet(input, node)
  if (wait !== null) return { waits: [wait] }
  return followAction({
    ...{ ordinal: node.ordinal, master: topology.master, reconnect: false },
    fullCopy: { runId: node.facts?.runId ?? '', errors: node.facts?.unexpectedErrors ?? 0 },
    cause: `it is no copy of its master: ${node.divergence}`,
  })
}

/**
 * What differs again right after it was copied differs for a reason that no copy mends; to go on would keep
 * the master busy with nothing else.
 */
const resyncAgainAfterMs = 600_000

function whyNotResyncYet(input: PlanInput, node: Member): Wait | null {
  const before = input.memory.nodes.find(one => one.ordinal === node.ordinal)?.fullCopy
  const remainingMs = (before?.atMs ?? Number.NEGATIVE_INFINITY) + resyncAgainAfterMs - input.seen.atMs
  // A copy that is still to come: the clock was set back, and nothing can be counted from it.
  if (remainingMs <= 0 || remainingMs > resyncAgainAfterMs) return null
  return {
    what: `node ${node.ordinal} may copy everything again, in ${Math.ceil(remainingMs / 1_000)} s: it has, and is no copy of its master again (${node.divergence})`,
    ordinal: node.ordinal,
    recheckInMs: Math.min(remainingMs, 30_000),
  }
}

export const unexpectedMasterCause =
  'it says that it is master and is not, and it has taken no write of its own'

/**
 * A master pings its replicas every 2 s (redis/config.ts). One that answers us and whose replica has not
 * heard of it for three pings has lost that connection on the way, as after it left its network and came
 * back; both would believe in it until repl-timeout, and nothing would be replicated for so long.
 */
const linkDeadAfterSeconds = 7

/**
 * A connection can be dead on one side only (the master left its network and came back): the replica then
 * reports `up` until repl-timeout. The master's own list tells. A second of silence is asked for, so that two
 * INFO answers taken a moment apart can't disagree by chance.
 */
function isLinkDead(flotilla: string, masterNode: Member | undefined, node: Member): boolean {
  const activeMaster = masterNode === undefined ? null : masterNode.facts
  const replica = node.facts
  if (
    activeMaster === null ||
    activeMaster.role !== 'master' ||
    replica?.upstream === null ||
    replica === null
  )
    return false
  const silentSeconds = replica.upstream.lastIoSeconds ?? 0
  if (silentSeconds >= linkDeadAfterSeconds) return true
  if (silentSeconds < 1) return false
  return !activeMaster.followers.some(follower => follower.host === nodeAlias(flotilla, node.ordinal))
}

/**
 * Nodes are classified by who was the recorded master before; the one that this plan promotes may be another.
 */
function followsAnother(flotilla: string, node: Member, master: number): boolean {
  return node.facts?.upstream?.host !== nodeAlias(flotilla, master)
}

function upstreamOf(node: Member): string {
  const host = node.facts?.upstream?.host
  return host === undefined
    ? 'nobody'
    : host === masterLinkAlias
      ? `the link name "${host}", as every node does at birth`
      : host
}

function syncProgress(node: Member): string {
  const upstream = node.facts?.upstream
  if (upstream?.syncing === true && upstream.syncTotalBytes > 0) {
    const percent = Math.floor((100 * upstream.syncReadBytes) / upstream.syncTotalBytes)
    return `node ${node.ordinal} synchronises: ${percent} % of ${upstream.syncTotalBytes} bytes`
  }
  return upstream?.syncing === true
    ? `node ${node.ordinal} synchronises`
    : `node ${node.ordinal} connects to the master`
}

/**
 * A replica that is silent for this long does nobody any good; a slow command ends sooner. Its data is the
 * master's.
 */
const hungReplicaMs = 30_000

/**
 * Looks often while the thing waited for takes milliseconds, and less and less as it has taken longer.
 * Bounded below by what a look at every node costs.
 */
function pollIntervalMs(input: PlanInput, node: Member): number {
  const cheapest = 4 * input.seen.nodes.length
  return Math.min(1_000, Math.max(20, cheapest, unhealthyForMs(input, node) / 10))
}

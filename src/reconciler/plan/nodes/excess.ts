import { historyEntriesMax } from '../../../model/record.js'
import { replicaName } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import { isDead, type Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Action, Wait } from '../../../model/plan.js'
import type { Contribution } from '../ordering.js'
import type { MasterDecision } from '../master/master-decision.js'
import { volumeOf } from './volumes.js'

/**
 * Lets go of the nodes that are too many, each only when nothing speaks against it. Their volumes stay,
 * unless the manifest says otherwise.
 */
export function planExcess(input: PlanInput, members: Members, decision: MasterDecision): Contribution {
  const stops: Action[] = []
  const removals: Action[] = []
  const volumes: Action[] = []
  const waits: Wait[] = []
  for (const node of members.excess) {
    const name = node.seen?.container.name
    if (name === undefined) continue
    if (node.bucket === 'removing') {
      waits.push({ what: `the engine removes ${name}`, ordinal: node.ordinal, recheckInMs: 100 })
      continue
    }
    const reason = whyNotRemove(input, members, { decision, node })
    if (reason !== null) {
      waits.push({ what: `${name} is removed when ${reason}`, ordinal: node.ordinal, recheckInMs: 1_000 })
      continue
    }
    const cause = `the manifest asks for ${input.spec.replicas} replicas`
    if (node.bucket !== 'stopped') stops.push({ kind: 'stop-container', ordinal: node.ordinal, name, cause })
    const kept = whyKeepVolume(input, node)
    removals.push({
      kind: 'remove-container',
      ordinal: node.ordinal,
      name,
      ...(kept === null ? { volume: volumeOf(input, node) } : {}),
      cause: `${cause}; its volume ${kept === null ? 'goes with it' : `is kept${kept}`}`,
    })
    if (kept === null) volumes.push(removeVolume(input, node.ordinal, volumeOf(input, node)))
  }
  volumes.push(...leftBehind(input, members, decision))
  return {
    actions: [
      ...stops.map(action => ({ band: 'finish' as const, action })),
      ...removals.map(action => ({ band: 'finish' as const, action })),
      ...volumes.map(action => ({ band: 'finish' as const, action })),
    ],
    waits,
  }
}

function removeVolume({ spec }: PlanInput, ordinal: number, volume: string): Action {
  const cause = `the manifest asks for ${spec.replicas} replicas, and spec.persistence.whenScaled is Delete`
  return { kind: 'remove-volume', ordinal, volume, cause }
}

/**
 * Volumes whose containers have gone and which have not: something else had failed, or the removal was cut
 * short. What held for the node then holds for its volume now.
 */
function leftBehind(
  input: PlanInput,
  { wanted, excess }: Members,
  decision: MasterDecision,
): readonly Action[] {
  const isWhole = wanted.every(({ bucket }) => bucket === 'master' || bucket === 'online')
  if (decision.kind !== 'active' || !isWhole || excess.length > 0) return []
  const inUse = wanted.map(({ ordinal }) => ordinal)
  return input.memory.volumesToRemove
    .filter(({ ordinal }) => !inUse.includes(ordinal) && whyKeepVolume(input, { ordinal }) === null)
    .map(({ ordinal, volume }) => removeVolume(input, ordinal, volume))
}

/** While it is not certain that the master lives and holds the data, every copy counts. */
function whyNotRemove(
  input: PlanInput,
  members: Members,
  asked: { readonly decision: MasterDecision; readonly node: Member },
): string | null {
  const { decision, node } = asked
  if (decision.kind !== 'active') return 'the master is active'
  if (node.ordinal === decision.ordinal) return 'it is not the master any more'
  if (node.bucket === 'unexpected-master') return 'it has stepped down'
  // Names change hands earlier in a plan than removals come: its old name may be the master's by then.
  if (node.seen?.container.name !== replicaName(input.spec.name, node.ordinal) && !isDead(node))
    return 'it has its own name'
  const kept = members.wanted.filter(one => one.ordinal !== decision.ordinal)
  const unsynced = kept.filter(one => one.bucket !== 'online')
  if (node.bucket === 'online' && kept.length > 0 && unsynced.length === kept.length)
    return 'another replica is in sync'
  // Its data goes with it: then all that is left has to be whole, not just one.
  if (whyKeepVolume(input, node) === null && unsynced.length > 0)
    return `node ${unsynced.map(one => one.ordinal).join(', ')} is in sync`
  return null
}

/**
 * Null when the volume goes with its node, else why it does not, as far as anybody expects that it would. It
 * stays where it may hold what nobody else has: a master that a failover replaced has writes that the new one
 * lacks, set aside on its volume. Whether it ever was one, the history tells; a short one forgets, so a
 * flotilla that has forgotten anything keeps everything.
 */
function whyKeepVolume({ spec, memory }: PlanInput, { ordinal }: Pick<Member, 'ordinal'>): string | null {
  if (spec.persistence.whenScaled === 'Retain') return ''
  if (memory.divergent.includes(ordinal)) return ': it holds writes that nobody else has'
  if (memory.history.length >= historyEntriesMax)
    return ': nobody remembers whether it ever was a replaced master'
  return memory.history.some(({ kind, from }) => kind === 'failover' && from === ordinal)
    ? ': it was master, and may hold writes that were set aside'
    : null
}

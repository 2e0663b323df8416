import type { ContainerState } from '../../model/engine.js'
import type { Action, Wait } from '../../model/plan.js'
import type { PlanInput } from '../../model/plan-input.js'
import { processIncarnation } from '../desired/applied.js'
import { removeGateways } from './gateway/container.js'
import type { MasterDecision } from './master/master-decision.js'
import { reportsMaster } from './members/evidence.js'
import type { Member } from './members/classify.js'
import type { Members } from './members/select-members.js'
import type { Contribution, PlacedAction } from './ordering.js'

/**
 * Hibernating, and waking up again.
 *
 *   active ─▶ saving ─▶ saved ─▶ no container ─▶ (hibernate: false) ─▶ active, same master, same epoch
 *
 * Why nothing acknowledged is lost: the master saves and ends first, by SHUTDOWN, which goes on serving when
 * it can't save. Until its container says that it has ended well every replica stays, so whatever else
 * happens to the master (a kill, a person's `docker start`) gives hibernating up, and the ordinary rules
 * answer it, with a failover as a rule; hibernating then begins again. Only what an active master has saved
 * is taken away.
 */

/**
 * What a master is given to save and end at least, and bytes of memory that it saves in a second at least.
 */
const saveMsMin = 300_000
const saveBytesPerSecond = 20_000_000

/**
 * What is done instead of everything else because the flotilla is to be hibernated; null while the ordinary
 * rules hold: it is not to be, or its master is not active yet and so can't save.
 */
export function planHibernation(
  input: PlanInput,
  members: Members,
  decision: MasterDecision,
): Contribution | null {
  const { spec, memory } = input
  if (!spec.hibernate) return null
  if (memory.hibernation === null) return beginHibernation(input, members, decision)
  const nodes = [...members.wanted, ...members.excess]
  const trouble = whyGiveUp(input, nodes)
  if (trouble !== null) return { actions: [record('ended', `${trouble}; that is answered first`)] }
  return memory.hibernation.phase === 'saving'
    ? saveMaster(input, nodes)
    : removeContainers(input, nodes, `it is hibernated; its volume is kept`)
}

/**
 * Beside the ordinary rules. It is woken up once there is a master again: until then the epoch is the one
 * that it went to sleep with. And what hibernating waits for.
 */
export function planWaking({ spec, memory }: PlanInput, decision: MasterDecision): Contribution {
  if (spec.hibernate) {
    const what =
      decision.kind === 'external'
        ? `it has a master of its own, to be hibernated: flotilla promote ${spec.name}`
        : 'its master is active, which then saves and ends: it is to be hibernated'
    return { waits: [{ what, ordinal: null, recheckInMs: 1_000 }] }
  }
  return memory.hibernation !== null && decision.kind === 'active'
    ? { actions: [record('ended', 'spec.hibernate is not true any more')] }
    : {}
}

/** No container is left, and none is to be. */
export function isHibernated({ spec, memory, seen }: PlanInput): boolean {
  const gateways = seen.gateway?.containers.length ?? 0
  return spec.hibernate && memory.hibernation?.phase === 'saved' && seen.nodes.length + gateways === 0
}

function beginHibernation(
  { memory }: PlanInput,
  members: Members,
  decision: MasterDecision,
): Contribution | null {
  const cause = 'spec.hibernate is true'
  // Nothing was ever there: there is nothing to save.
  if (decision.kind === 'create' && memory.operation === null) return { actions: [record('saved', cause)] }
  if (decision.kind !== 'active') return null
  const master = members.wanted.find(({ ordinal }) => ordinal === decision.ordinal)
  const usedBytes = master?.facts?.memory.usedBytes ?? 0
  const withinMs = Math.max(saveMsMin, Math.ceil(usedBytes / saveBytesPerSecond) * 1_000)
  return { actions: [record('saving', cause, withinMs)] }
}

/** Why the ordinary rules are to answer what has happened meanwhile; null when all is as it was left. */
function whyGiveUp({ memory, seen }: PlanInput, nodes: readonly Member[]): string | null {
  const { hibernation, master } = memory
  if (hibernation === null || master === null) return null
  const other = nodes.find(node => node.ordinal !== master.ordinal && reportsMaster(node))
  if (other !== undefined) return `node ${other.ordinal} was made master by somebody else`
  const recorded = nodes.find(node => node.ordinal === master.ordinal)
  const container = recorded?.seen?.container
  if (hibernation.phase === 'saved')
    return container !== undefined && runs(container.state)
      ? `node ${master.ordinal} was started again by somebody else`
      : null
  const name = `node ${master.ordinal}, the master,`
  switch (recorded?.bucket) {
    case 'master':
    case 'busy':
    case 'starting':
    case 'paused':
    case 'unreachable':
    case 'detached':
    case 'auth-failure':
      return seen.atMs < hibernation.giveUpAtMs ? null : `${name} did not save and end in time`
    case 'stopped':
      return hasSaved(memory, recorded) ? null : `${name} ended before it had saved`
    case undefined:
    case 'absent':
    case 'removing':
      return `${name} has no container any more, and had not saved`
    default:
      return `${name} was started again before it had saved`
  }
}

/** It ended well, and in the run that it was told to save and end. */
function hasSaved({ nodes }: PlanInput['memory'], { ordinal, seen }: Member): boolean {
  const endedRun = nodes.find(one => one.ordinal === ordinal)?.endedRun ?? null
  return (
    seen !== null &&
    endedRun === processIncarnation(seen.container) &&
    seen.container.exit?.code === 0 &&
    !seen.container.exit.oomKilled
  )
}

/** Clients are let go first, so that none is connected to what ends. */
function saveMaster(input: PlanInput, nodes: readonly Member[]): Contribution {
  const { memory, seen } = input
  const master = nodes.find(node => node.ordinal === memory.master?.ordinal)
  const name = master?.seen?.container.name
  if (master === undefined || name === undefined) return {}
  if (master.bucket === 'stopped') return { actions: [record('saved', `${name} has ended well`)] }
  const withinMs = Math.max(1_000, (memory.hibernation?.giveUpAtMs ?? 0) - seen.atMs)
  if (master.bucket !== 'master' || master.facts === null)
    return {
      waits: [
        {
          what: `${name} answers, to be told to save (given up in ${Math.ceil(withinMs / 1_000)} s)`,
          ordinal: master.ordinal,
          recheckInMs: 1_000,
        },
      ],
    }
  const shutDown: PlacedAction = {
    band: 'finish',
    action: {
      kind: 'shut-down',
      ordinal: master.ordinal,
      name,
      snapshot: !master.facts.persistence.aofEnabled,
      withinMs,
      cause: 'it is hibernated',
    },
  }
  const gateways =
    seen.gateway === undefined ? [] : (removeGateways(seen.gateway, 'it is hibernated').actions ?? [])
  return { actions: [...gateways, shutDown] }
}

function removeContainers({ seen }: PlanInput, nodes: readonly Member[], cause: string): Contribution {
  const actions: PlacedAction[] = []
  const waits: Wait[] = []
  for (const { ordinal, bucket, seen: node } of nodes) {
    if (node === null) continue
    const { name, state } = node.container
    if (bucket === 'removing') waits.push({ what: `the engine removes ${name}`, ordinal, recheckInMs: 100 })
    else {
      if (runs(state)) actions.push(finish({ kind: 'stop-container', ordinal, name, cause }))
      actions.push(finish({ kind: 'remove-container', ordinal, name, cause }))
    }
  }
  const gateways = seen.gateway === undefined ? [] : (removeGateways(seen.gateway, cause).actions ?? [])
  return { actions: [...gateways, ...actions], waits }
}

function runs(state: ContainerState): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}

function record(phase: 'saving' | 'saved' | 'ended', cause: string, withinMs?: number): PlacedAction {
  return {
    band: 'prepare',
    action: { kind: 'record-hibernation', phase, ...(withinMs === undefined ? {} : { withinMs }), cause },
  }
}

function finish(action: Action): PlacedAction {
  return { band: 'finish', action }
}

import { interimMasterName, masterName, replicaName } from '../names.js'
import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import { asideName, holderOfName, nameConflict } from './name-holders.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Wait } from './plan.js'

/**
 * Gives every existing container the name of its role. Changing who is master is two renames: the old master's first, because a name has one holder.
 * `master` is whoever reigns, or is promoted in this plan. No rename is planned that can't work: it would keep all that comes after it from being done.
 *
 * `deadMaster`: whose container has just ended or is about to. Docker's rename of such a container waits until it has been cleared up after, 0.1 to 0.6 s later (20.10), and
 * clients would wait as long. So it is left alone here, and the promoted node answers to the interim name until a later plan finds the name free.
 */
export function planNaming(
  input: PlanInput,
  census: Census,
  master: number,
  { deadMaster = null }: { readonly deadMaster?: number | null } = {},
): Contribution {
  const nodes = [...census.wanted, ...census.surplus]
  const parts = nodes
    .filter(node => node.ordinal !== master && node.ordinal !== deadMaster)
    .map(node => nameReplica(input, node))
  const freed = new Set(parts.flatMap(part => part.actions ?? []).flatMap(({ action }) => oldName(action)))
  const crowned = nodes.find(node => node.ordinal === master)
  if (crowned !== undefined) parts.push(nameMaster(input, crowned, { freed, interim: deadMaster !== null }))
  return {
    actions: parts.flatMap(part => part.actions ?? []),
    waits: parts.flatMap(part => part.waits ?? []),
    refusals: parts.flatMap(part => part.refusals ?? []),
  }
}

function nameReplica(input: PlanInput, node: ClassifiedNode): Contribution {
  const current = node.seen?.container.name
  const wanted = replicaName(input.spec.name, node.ordinal)
  if (current === undefined || current === wanted || node.bucket === 'leaving') return {}
  const aside = asideName(input.spec.name, node.ordinal)
  const cause = 'a name is a role, and it is a replica'
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) {
    // Its own name can't be had, but the master's is needed by another.
    const inTheWay = current === masterName(input.spec.name)
    return {
      actions: inTheWay
        ? [rename('free-name', node, { from: current, to: aside, cause: `${cause}; its name is not ours` })]
        : [],
      refusals: [conflict],
    }
  }
  const holder = holderOfName(input, wanted)
  if (holder === null) return { actions: [rename('free-name', node, { from: current, to: wanted, cause })] }
  if (current === aside) return { waits: [untilFree(node, wanted, holder)] }
  // Two containers hold each other's names (by hand): this one steps aside, and the next pass finds the names free.
  return {
    actions: [
      rename('free-name', node, { from: current, to: aside, cause: `${cause}; its name is still taken` }),
    ],
  }
}

function nameMaster(
  input: PlanInput,
  node: ClassifiedNode,
  { freed, interim }: { readonly freed: ReadonlySet<string>; readonly interim: boolean },
): Contribution {
  const current = node.seen?.container.name
  const wanted = masterName(input.spec.name)
  const stopgap = interimMasterName(input.spec.name)
  if (current === undefined || current === wanted || node.bucket === 'leaving') return {}
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) return { refusals: [conflict] }
  const holder = holderOfName(input, wanted)
  if (holder === null || freed.has(wanted)) {
    const cause = 'a name is a role, and it is the master'
    return { actions: [rename('take-name', node, { from: current, to: wanted, cause })] }
  }
  if (!interim || current === stopgap || nameConflict(input, stopgap) !== null)
    return { waits: [untilFree(node, wanted, holder)] }
  const cause = `it is the master, and answers to ${wanted} at once; the container ${holder}, which is dead, gives that name up later`
  return { actions: [rename('take-name', node, { from: current, to: stopgap, cause })] }
}

function rename(
  phase: Phase,
  node: ClassifiedNode,
  how: { readonly from: string; readonly to: string; readonly cause: string },
): { phase: Phase; action: Action } {
  const { from, to, cause } = how
  return {
    phase,
    action: { kind: 'rename-container', ordinal: node.ordinal, name: from, to, cause },
  }
}

function oldName(action: Action): readonly string[] {
  return action.kind === 'rename-container' ? [action.name] : []
}

function untilFree(node: ClassifiedNode, name: string, holder: string): Wait {
  return {
    what: `the container ${holder} gives up the name ${name}, which is node ${node.ordinal}'s`,
    ordinal: node.ordinal,
    lookAgainInMs: 1_000,
  }
}

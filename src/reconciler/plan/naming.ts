import { interimMasterName, masterName, replicaName } from '../names.js'
import type { Census } from './census.js'
import { isDead, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import { asideName, holderOfName, nameConflict } from './name-holders.js'
import { failureOf } from './pacing.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Wait } from './plan.js'

/**
 * How the names change hands. `in-turn`: the old master's container gives its name up, then the new one's takes it, because a name has one holder.
 * `at-once`: clients wait for the names, so both are renamed beside the promotion, the new one to the interim name, and to its own when nobody waits any more.
 * `beside-the-dead`: the old master's container has just ended or is about to. Docker's rename of such a container waits until it has been cleared up after, 0.1 to 0.6 s later
 * (20.10), so it is left alone here, and the new one answers to the interim name until a later plan finds the name free: beside the promotion, or in its turn where the
 * name must not lead to the new one before this plan has killed the old.
 */
export type NamingWay =
  | { readonly kind: 'in-turn' }
  | { readonly kind: 'at-once' }
  | { readonly kind: 'beside-the-dead'; readonly dead: number; readonly phase: 'promote' | 'take-name' }

/**
 * Gives every existing container the name of its role. `master` is whoever reigns, or is promoted in this plan. A name that leads to a node some milliseconds before
 * that node takes writes does no harm: a replica refuses them. No rename is planned that can't work.
 */
export function planNaming(
  input: PlanInput,
  census: Census,
  master: number,
  way: NamingWay = { kind: 'in-turn' },
): Contribution {
  const nodes = [...census.wanted, ...census.surplus]
  const dead = way.kind === 'beside-the-dead' ? way.dead : null
  const phase = way.kind === 'at-once' ? 'promote' : 'free-name'
  const parts = nodes
    .filter(node => node.ordinal !== master && node.ordinal !== dead)
    .map(node => nameReplica(input, node, phase))
  const freed = new Set(parts.flatMap(part => part.actions ?? []).flatMap(({ action }) => oldName(action)))
  const crowned = nodes.find(node => node.ordinal === master)
  if (crowned !== undefined) parts.push(nameMaster(input, crowned, { freed, way }))
  return {
    actions: parts.flatMap(part => part.actions ?? []),
    waits: parts.flatMap(part => part.waits ?? []),
    refusals: parts.flatMap(part => part.refusals ?? []),
  }
}

function nameReplica(input: PlanInput, node: ClassifiedNode, phase: 'free-name' | 'promote'): Contribution {
  const current = node.seen?.container.name
  const wanted = replicaName(input.spec.name, node.ordinal)
  if (current === undefined || current === wanted || isOnItsWayOut(input, node)) return {}
  const aside = asideName(input.spec.name, node.ordinal)
  const cause = 'a name is a role, and it is a replica'
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) {
    // Its own name can't be had, but the master's is needed by another.
    const inTheWay = current === masterName(input.spec.name)
    return {
      actions: inTheWay
        ? [rename(phase, node, { from: current, to: aside, cause: `${cause}; its name is not ours` })]
        : [],
      refusals: [conflict],
    }
  }
  const holder = holderOfName(input, wanted)
  if (holder === null) return { actions: [rename(phase, node, { from: current, to: wanted, cause })] }
  if (current === aside) return { waits: [untilFree(node, wanted, holder)] }
  // Two containers hold each other's names (by hand): this one steps aside, and the next pass finds the names free.
  return {
    actions: [rename(phase, node, { from: current, to: aside, cause: `${cause}; its name is still taken` })],
  }
}

function nameMaster(
  input: PlanInput,
  node: ClassifiedNode,
  { freed, way }: { readonly freed: ReadonlySet<string>; readonly way: NamingWay },
): Contribution {
  const current = node.seen?.container.name
  const wanted = masterName(input.spec.name)
  const stopgap = interimMasterName(input.spec.name)
  if (current === undefined || current === wanted || isOnItsWayOut(input, node)) return {}
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) return { refusals: [conflict] }
  const holder = holderOfName(input, wanted)
  const cause = 'a name is a role, and it is the master'
  const own = (phase: Phase, from: string) => rename(phase, node, { from, to: wanted, cause })
  if (holder === null) return { actions: [own('take-name', current)] }
  const interim = (phase: Phase, why: string) =>
    rename(phase, node, {
      from: current,
      to: stopgap,
      cause: `it is the master, and answers to ${wanted} at once; ${why}`,
    })
  const mayCallItselfSo =
    current !== stopgap && nameConflict(input, stopgap) === null && holderOfName(input, stopgap) === null
  if (freed.has(wanted))
    return way.kind === 'at-once' && mayCallItselfSo
      ? {
          actions: [
            interim('promote', `the container ${holder} gives that name up at the same time`),
            own('own-name', stopgap),
          ],
        }
      : { actions: [own('take-name', current)] }
  return way.kind === 'beside-the-dead' && mayCallItselfSo
    ? { actions: [interim(way.phase, `the container ${holder}, which is dead, gives that name up later`)] }
    : { waits: [untilFree(node, wanted, holder)] }
}

/** Its name is free when it is gone. A dead one that can't be removed would keep it for as long as that lasts. */
function isOnItsWayOut(input: PlanInput, node: ClassifiedNode): boolean {
  const isStuck = failureOf(input, { kind: 'remove-container', ...nameOf(node), cause: '' }) !== null
  return node.bucket === 'leaving' || (isDead(node) && !isStuck)
}

function nameOf({ ordinal, seen }: ClassifiedNode): { readonly ordinal: number; readonly name: string } {
  return { ordinal, name: seen?.container.name ?? '' }
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

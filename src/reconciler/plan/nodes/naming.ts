import { interimMasterName, masterName, replicaName } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import { isDead, type Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { temporaryName, holderOfName, nameConflict } from './name-conflicts.js'
import { failureOf } from '../action-backoff.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Action, Wait } from '../../../model/plan.js'

/**
 * How the names change hands. `in-turn`: the old master's container gives its name up, then the new one's
 * takes it, because a name has one holder. `at-once`: clients wait for the names, so both are renamed beside
 * the promotion, the new one to the interim name, and to its own when nobody waits any more.
 * `beside-the-dead`: the old master's container has just ended or is about to. Docker's rename of such a
 * container waits until it has been cleared up after, 0.1 to 0.6 s later (20.10), so it is left alone here,
 * and the new one answers to the interim name until a later plan finds the name free: beside the promotion,
 * or in its turn where the name must not lead to the new one before this plan has killed the old.
 */
export type RenameMode =
  | { readonly kind: 'sequential' }
  | { readonly kind: 'concurrent' }
  | { readonly kind: 'old-master-dead'; readonly dead: number; readonly band: 'promote' | 'take-name' }

/**
 * Gives every existing container the name of its role. `master` is whoever is active, or is promoted in this
 * plan. A name that leads to a node some milliseconds before that node takes writes does no harm: a replica
 * refuses them. No rename is planned that can't work.
 */
export function planNaming(
  input: PlanInput,
  members: Members,
  master: number,
  mode: RenameMode = { kind: 'sequential' },
): Contribution {
  const nodes = [...members.wanted, ...members.excess]
  const dead = mode.kind === 'old-master-dead' ? mode.dead : null
  const band = mode.kind === 'concurrent' ? 'promote' : 'release-name'
  const parts = nodes
    .filter(node => node.ordinal !== master && node.ordinal !== dead)
    .map(node => nameReplica(input, node, band))
  const released = new Set(parts.flatMap(part => part.actions ?? []).flatMap(({ action }) => oldName(action)))
  const masterNode = nodes.find(node => node.ordinal === master)
  if (masterNode !== undefined) parts.push(nameMaster(input, masterNode, { released, mode }))
  return {
    actions: parts.flatMap(part => part.actions ?? []),
    waits: parts.flatMap(part => part.waits ?? []),
    refusals: parts.flatMap(part => part.refusals ?? []),
  }
}

function nameReplica(input: PlanInput, node: Member, band: 'release-name' | 'promote'): Contribution {
  const currentName = node.seen?.container.name
  const wanted = replicaName(input.spec.name, node.ordinal)
  if (currentName === undefined || currentName === wanted || isBeingRemoved(input, node)) return {}
  const temporary = temporaryName(input.spec.name, node.ordinal)
  const cause = 'a name is a role, and it is a replica'
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) {
    // Its own name can't be had, but the master's is needed by another.
    const inTheWay = currentName === masterName(input.spec.name)
    return {
      actions: inTheWay
        ? [rename(band, node, { from: currentName, to: temporary, cause: `${cause}; its name is not ours` })]
        : [],
      refusals: [conflict],
    }
  }
  const holder = holderOfName(input, wanted)
  if (holder === null) return { actions: [rename(band, node, { from: currentName, to: wanted, cause })] }
  if (currentName === temporary) return { waits: [waitForName(node, wanted, holder)] }
  // Two containers hold each other's names (by hand): this one steps aside, and the next pass finds the names
  // free.
  return {
    actions: [
      rename(band, node, { from: currentName, to: temporary, cause: `${cause}; its name is still taken` }),
    ],
  }
}

function nameMaster(
  input: PlanInput,
  node: Member,
  { released, mode }: { readonly released: ReadonlySet<string>; readonly mode: RenameMode },
): Contribution {
  const currentName = node.seen?.container.name
  const wanted = masterName(input.spec.name)
  const interimName = interimMasterName(input.spec.name)
  if (currentName === undefined || currentName === wanted || isBeingRemoved(input, node)) return {}
  const conflict = nameConflict(input, wanted)
  if (conflict !== null) return { refusals: [conflict] }
  const holder = holderOfName(input, wanted)
  const cause = 'a name is a role, and it is the master'
  const own = (band: OrderBand, from: string) => rename(band, node, { from, to: wanted, cause })
  if (holder === null) return { actions: [own('take-name', currentName)] }
  const interim = (band: OrderBand, reason: string) =>
    rename(band, node, {
      from: currentName,
      to: interimName,
      cause: `it is the master, and answers to ${wanted} at once; ${reason}`,
    })
  const isInterimNameFree =
    currentName !== interimName &&
    nameConflict(input, interimName) === null &&
    holderOfName(input, interimName) === null
  if (released.has(wanted))
    return mode.kind === 'concurrent' && isInterimNameFree
      ? {
          actions: [
            interim('promote', `the container ${holder} gives that name up at the same time`),
            own('end', interimName),
          ],
        }
      : { actions: [own('take-name', currentName)] }
  return mode.kind === 'old-master-dead' && isInterimNameFree
    ? { actions: [interim(mode.band, `the container ${holder}, which is dead, gives that name up later`)] }
    : { waits: [waitForName(node, wanted, holder)] }
}

/**
 * Its name is free when it is gone. A dead one that can't be removed would keep it for as long as that lasts.
 */
function isBeingRemoved(input: PlanInput, node: Member): boolean {
  const isStuck = failureOf(input, { kind: 'remove-container', ...nameOf(node), cause: '' }) !== null
  return node.bucket === 'removing' || (isDead(node) && !isStuck)
}

function nameOf({ ordinal, seen }: Member): { readonly ordinal: number; readonly name: string } {
  return { ordinal, name: seen?.container.name ?? '' }
}

function rename(
  band: OrderBand,
  node: Member,
  how: { readonly from: string; readonly to: string; readonly cause: string },
): PlacedAction {
  const { from, to, cause } = how
  return {
    band,
    action: { kind: 'rename-container', ordinal: node.ordinal, name: from, to, cause },
  }
}

function oldName(action: Action): readonly string[] {
  return action.kind === 'rename-container' ? [action.name] : []
}

function waitForName(node: Member, name: string, holder: string): Wait {
  return {
    what: `the container ${holder} gives up the name ${name}, which is node ${node.ordinal}'s`,
    ordinal: node.ordinal,
    recheckInMs: 1_000,
  }
}

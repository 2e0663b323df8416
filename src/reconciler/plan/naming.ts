import { replicaName, roleName } from '../names.js'
import type { Census } from './census.js'
import type { PlanInput } from './input.js'
import { nameConflict } from './membership.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Refusal } from './plan.js'

/**
 * Gives every existing container the name of its role. Changing who is master is two renames: the old master's first, because a name has one holder.
 * `master` is whoever reigns, or is promoted in this plan.
 */
export function planNaming(input: PlanInput, census: Census, master: number): Contribution {
  const actions: { phase: Phase; action: Action }[] = []
  const refusals: Refusal[] = []
  const held = new Map(input.seen.nodes.map(node => [node.container.name, node.ordinal]))
  for (const node of [...census.wanted, ...census.surplus]) {
    const current = node.seen?.container.name
    if (current === undefined || node.bucket === 'leaving') continue
    const role = node.ordinal === master ? 'master' : 'replica'
    const wantedName = roleName(input.spec.name, node.ordinal, role)
    if (current === wantedName) continue
    const conflict = nameConflict(input, wantedName)
    if (conflict !== null) {
      refusals.push(conflict)
      continue
    }
    const rename = (to: string, cause: string): Action => ({
      kind: 'rename-container',
      ordinal: node.ordinal,
      name: current,
      to,
      cause,
    })
    const cause =
      role === 'master' ? 'a name is a role, and it is the master' : 'a name is a role, and it is a replica'
    const holder = held.get(wantedName)
    if (role === 'master') {
      actions.push({ phase: 'take-name', action: rename(wantedName, cause) })
    } else if (holder === undefined || holder === master) {
      actions.push({ phase: 'free-name', action: rename(wantedName, cause) })
    } else {
      // Two replicas hold each other's names (by hand): one steps aside, and the next pass finds the name free.
      actions.push({
        phase: 'free-name',
        action: rename(
          `${replicaName(input.spec.name, node.ordinal)}-renaming`,
          `${cause}; its name is still taken`,
        ),
      })
    }
  }
  return { actions, refusals }
}

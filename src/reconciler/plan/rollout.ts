import type { Census } from './census.js'
import type { PlanInput } from './input.js'
import type { Action } from './plan.js'
import type { Contribution, Phase } from './phases.js'
import { replicaName } from '../names.js'
import { tune } from './replication.js'

/**
 * Brings nodes that were made from an older spec up to date: one replica at a time, each only while all others are in sync, and the master never by
 * itself, because stopping it costs its clients more than a rolling change may.
 */
export function planRollout(input: PlanInput, census: Census, master: number): Contribution {
  const outdated = census.wanted.filter(node => node.outdated && node.seen !== null)
  if (outdated.length === 0 || census.surplus.length > 0) return {}
  const next = outdated.find(node => node.ordinal !== master)
  if (next === undefined) {
    return {
      refusals: [
        {
          code: 'RolloutPending',
          why: `node ${master}, the master, still runs what an older spec asked for; replacing it interrupts writes for about a second`,
          whatToType: `flotilla switchover ${input.spec.name}   (then it is a replica, and is replaced like one)`,
        },
      ],
    }
  }
  const unhealthy = census.wanted.filter(node => node.bucket !== 'online' && node.bucket !== 'master')
  if (unhealthy.length > 0)
    return {
      waits: [
        {
          what: `${outdated.length} nodes of an older spec are replaced, one at a time, when node ${unhealthy.map(node => node.ordinal).join(', ')} is in sync`,
          ordinal: next.ordinal,
          lookAgainInMs: 1_000,
        },
      ],
    }
  return {
    actions: replace(
      input,
      next.ordinal,
      next.seen?.container.name ?? replicaName(input.spec.name, next.ordinal),
      master,
    ),
  }
}

function replace(
  input: PlanInput,
  ordinal: number,
  name: string,
  master: number,
): { phase: Phase; action: Action }[] {
  const cause = 'it was made from an older spec'
  const newName = replicaName(input.spec.name, ordinal)
  const actions: { phase: Phase; action: Action }[] = [
    { phase: 'stop-old', action: { kind: 'stop-container', ordinal, name, cause } },
    {
      phase: 'discard',
      action: { kind: 'remove-container', ordinal, name, cause: `${cause}; its volume is kept` },
    },
    { phase: 'create', action: { kind: 'create-container', ordinal, name: newName, cause } },
    { phase: 'start', action: { kind: 'start-container', ordinal, name: newName, cause } },
    {
      phase: 'follow',
      action: {
        kind: 'follow',
        ordinal,
        master,
        nudge: false,
        cause: 'it is started, and starts as a replica of nobody',
      },
    },
    { phase: 'tune', action: tune(ordinal) },
  ]
  return input.seen.resources?.image === null
    ? [
        {
          phase: 'prepare',
          action: { kind: 'pull-image', image: input.spec.image, cause: 'the image is not on this engine' },
        },
        ...actions,
      ]
    : actions
}

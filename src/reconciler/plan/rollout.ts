import type { Census } from './census.js'
import type { PlanInput } from './input.js'
import type { Action } from './plan.js'
import type { Contribution, Phase } from './phases.js'
import { replicaName } from '../names.js'
import { planHandOver } from './succession.js'
import { rankTargets } from './switchover.js'
import { tune } from './tuning.js'

/**
 * Brings nodes that were made from an older spec up to date: one replica at a time, each only while all others are in sync, and the
 * master last, after it has handed over to one of them.
 */
export function planRollout(input: PlanInput, census: Census, master: number): Contribution[] {
  const outdated = census.wanted.filter(node => node.outdated && node.seen !== null)
  if (outdated.length === 0 || census.surplus.length > 0) return []
  const next = outdated.find(node => node.ordinal !== master)
  const unhealthy = census.wanted.filter(node => node.bucket !== 'online' && node.bucket !== 'master')
  if (unhealthy.length > 0)
    return [
      {
        waits: [
          {
            what: `node ${unhealthy.map(node => node.ordinal).join(', ')} is in sync: then ${outdated.length} nodes of an older spec are replaced, one at a time`,
            ordinal: unhealthy[0]?.ordinal ?? null,
            lookAgainInMs: 1_000,
          },
        ],
      },
    ]
  if (next === undefined) return handOver(input, census, master)
  const name = next.seen?.container.name ?? replicaName(input.spec.name, next.ordinal)
  return [{ actions: replace(input, next.ordinal, name, master) }]
}

/** Only the master is left: it hands over to a replica that is up to date, and is then one like the others. */
function handOver(input: PlanInput, census: Census, master: number): Contribution[] {
  const cause = 'the old master is made from an older spec, and every replica is up to date'
  const heir = rankTargets(
    census.wanted,
    census.wanted.find(node => node.ordinal === master),
  ).find(one => one.reason === null)
  if (heir === undefined)
    return [
      {
        refusals: [
          {
            code: 'RolloutPending',
            why: `node ${master}, the only one, still runs what an older spec asked for; replacing it without a replica would interrupt writes`,
            whatToType: `flotilla scale ${input.spec.name} 1   (it hands over to the replica then; afterwards scale back)`,
          },
        ],
      },
    ]
  const operation = {
    kind: 'switchover' as const,
    phase: 'switching' as const,
    epoch: input.memory.epoch + 1,
    from: master,
    to: heir.ordinal,
    reason: cause,
    troubleAtMs: input.seen.atMs,
    startedAtMs: input.seen.atMs,
    requestId: null,
  }
  return planHandOver(input, census, { from: master, to: heir.ordinal, operation })
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
    { phase: 'tune', action: tune(input.spec, ordinal, 'its process is new') },
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

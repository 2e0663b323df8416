import { specHashLabel } from '../../runtime/labels.js'
import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
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
            what: `node ${unhealthy.map(node => node.ordinal).join(', ')} is in sync: then ${outdated.length} nodes ${ofOlderSpec(input, outdated) ? 'of an older spec' : 'that somebody asked to restart'} are replaced, one at a time`,
            ordinal: unhealthy[0]?.ordinal ?? null,
            lookAgainInMs: 1_000,
          },
        ],
      },
    ]
  if (next === undefined) return handOver(input, census, master)
  const name = next.seen?.container.name ?? replicaName(input.spec.name, next.ordinal)
  return [{ actions: replace(input, next, name, master) }]
}

/** Else a person asked for them to be made anew. */
function ofOlderSpec(input: PlanInput, nodes: readonly ClassifiedNode[]): boolean {
  return nodes.some(node => node.seen?.container.labels[specHashLabel] !== input.specHash)
}

/** Only the master is left: it hands over to a replica that is up to date, and is then one like the others. */
function handOver(input: PlanInput, census: Census, master: number): Contribution[] {
  const old = census.wanted.find(node => node.ordinal === master)
  const isOlder = old === undefined || ofOlderSpec(input, [old])
  const cause = isOlder
    ? 'the old master is made from an older spec, and every replica is up to date'
    : 'a person asked for the restart of the master, and every replica is restarted'
  const heir = rankTargets(census.wanted, old).find(one => one.reason === null)
  if (heir === undefined)
    return [
      {
        refusals: [
          {
            code: 'RolloutPending',
            why: `node ${master}, the only one, ${isOlder ? 'still runs what an older spec asked for' : 'is to be restarted, as a person asked'}; replacing it without a replica would interrupt writes`,
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
  node: ClassifiedNode,
  name: string,
  master: number,
): { phase: Phase; action: Action }[] {
  const { ordinal } = node
  const cause = ofOlderSpec(input, [node])
    ? 'it was made from an older spec'
    : 'a person asked for its restart'
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
        cause: 'it has just been started, and has to be told whom to follow',
      },
    },
    { phase: 'tune', action: tune(input, ordinal, 'its process is new') },
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

import { nodeAlias } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { whyNotPromoteYet } from './promotion-backoff.js'
import type { MasterFailure } from './master-failure.js'

/**
 * What speaks against replacing the recorded master without being asked, though a candidate stands ready. A
 * master that is provably dead is replaced however often that happened before: to wait for a person with a
 * good copy at hand is worse than any failover. A hang is weaker evidence (a machine that is too slow hangs
 * everybody), so of those a few are enough for a while.
 */
export function whyNotFailOver(
  input: PlanInput,
  {
    master,
    recordedMaster,
    failure,
    nodeCount,
  }: {
    readonly master: Member | undefined
    readonly recordedMaster: number
    readonly failure: MasterFailure
    readonly nodeCount: number
  },
): MasterDecision | null {
  const { failover, name } = input.spec
  if (failover.mode === 'manual')
    return {
      kind: 'refused',
      ordinal: recordedMaster,
      refusal: {
        code: 'FailoverBlocked',
        reason: `${failure.what}, and spec.failover.mode is manual`,
        remedy: `flotilla failover ${name}`,
      },
    }
  if (failure.kind === 'hung') return hungTooOften(input, recordedMaster, failure)
  const remainingMs = failure.sinceMs + failover.restartWindowMs - input.seen.atMs
  // One that is back with nothing is what nobody has waited for.
  if (
    remainingMs > 0 &&
    failure.sinceMs <= input.seen.atMs &&
    !(master?.bucket === 'unpromoted' && master.facts?.keys === 0)
  )
    return {
      kind: 'pending',
      ordinal: recordedMaster,
      waits: [
        {
          what: `node ${recordedMaster}, the master, is back within ${Math.ceil(remainingMs / 1_000)} s (spec.failover.restartWindow)`,
          ordinal: recordedMaster,
          recheckInMs: Math.min(remainingMs, 100),
        },
      ],
    }
  const backoff = whyNotPromoteYet(input, { nodeCount, diedAtMs: failure.sinceMs })
  return backoff === null ? null : { kind: 'pending', ordinal: recordedMaster, waits: [backoff] }
}

/** Failovers away from one node because it hung, in this time, before the next one waits. */
const hangWindowMs = 600_000
const hangsMax = 3

function hungTooOften(
  input: PlanInput,
  recordedMaster: number,
  failure: MasterFailure,
): MasterDecision | null {
  const recent = input.memory.history
    .filter(({ kind, from, result }) => kind === 'failover' && from === recordedMaster && result === 'done')
    .map(({ endedAtMs }) => endedAtMs)
    .filter(endedAtMs => input.seen.atMs - endedAtMs < hangWindowMs)
  const oldest = recent.at(-hangsMax)
  if (oldest === undefined) return null
  const until = new Date(oldest + hangWindowMs).toISOString().slice(11, 19)
  return {
    kind: 'refused',
    ordinal: recordedMaster,
    refusal: {
      code: 'FailoverBlocked',
      reason: `${failure.what}, and it was replaced ${recent.length} times within ${hangWindowMs / 60_000} minutes; it is replaced again at ${until} UTC unless it answers (what ends is replaced at once: docker kill ${input.seen.nodes.find(node => node.ordinal === recordedMaster)?.container.name ?? nodeAlias(input.spec.name, recordedMaster)})`,
      remedy: `flotilla failover ${input.spec.name}`,
    },
  }
}

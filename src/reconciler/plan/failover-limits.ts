import { nodeAlias } from '../names.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Mastership } from './mastership-kind.js'
import { whyNotPromoteYet } from './promotion-pause.js'
import type { Trouble } from './trouble.js'

/**
 * What speaks against replacing the recorded master without being asked, though a candidate stands ready. A master that is provably dead is replaced however
 * often that happened before: to wait for a person with a good copy at hand is worse than any failover. A hang is weaker evidence (a machine that is too slow
 * hangs everybody), so of those a few are enough for a while.
 */
export function whyNotFailOver(
  input: PlanInput,
  {
    master,
    rightful,
    trouble,
    nodeCount,
  }: {
    readonly master: ClassifiedNode | undefined
    readonly rightful: number
    readonly trouble: Trouble
    readonly nodeCount: number
  },
): Mastership | null {
  const { failover, name } = input.spec
  if (failover.mode === 'manual')
    return {
      kind: 'refused',
      ordinal: rightful,
      refusal: {
        code: 'FailoverBlocked',
        why: `${trouble.what}, and spec.failover.mode is manual`,
        whatToType: `flotilla failover ${name}`,
      },
    }
  if (trouble.kind === 'hung') return hungTooOften(input, rightful, trouble)
  const remainingMs = trouble.sinceMs + failover.restartWindowMs - input.seen.atMs
  // One that is back with nothing is what nobody has waited for.
  if (
    remainingMs > 0 &&
    trouble.sinceMs <= input.seen.atMs &&
    !(master?.bucket === 'uncrowned' && factsOf(master)?.keys === 0)
  )
    return {
      kind: 'pending',
      ordinal: rightful,
      waits: [
        {
          what: `node ${rightful}, the master, is back within ${Math.ceil(remainingMs / 1_000)} s (spec.failover.restartWindow)`,
          ordinal: rightful,
          lookAgainInMs: Math.min(remainingMs, 100),
        },
      ],
    }
  const early = whyNotPromoteYet(input, { nodeCount, diedAtMs: trouble.sinceMs })
  return early === null ? null : { kind: 'pending', ordinal: rightful, waits: [early] }
}

/** Failovers away from one node because it hung, in this time, before the next one waits. */
const hangWindowMs = 600_000
const hangsMax = 3

function hungTooOften(input: PlanInput, rightful: number, trouble: Trouble): Mastership | null {
  const recent = input.memory.history
    .filter(({ kind, from, result }) => kind === 'failover' && from === rightful && result === 'done')
    .map(({ endedAtMs }) => endedAtMs)
    .filter(endedAtMs => input.seen.atMs - endedAtMs < hangWindowMs)
  const oldest = recent.at(-hangsMax)
  if (oldest === undefined) return null
  const until = new Date(oldest + hangWindowMs).toISOString().slice(11, 19)
  return {
    kind: 'refused',
    ordinal: rightful,
    refusal: {
      code: 'FailoverBlocked',
      why: `${trouble.what}, and it was replaced ${recent.length} times within ${hangWindowMs / 60_000} minutes; it is replaced again at ${until} UTC unless it answers (what ends is replaced at once: docker kill ${input.seen.nodes.find(node => node.ordinal === rightful)?.container.name ?? nodeAlias(input.spec.name, rightful)})`,
      whatToType: `flotilla failover ${input.spec.name}`,
    },
  }
}

import type { Census } from './census.js'
import { factsOf, isInService, type Bucket, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Refusal, Wait } from './plan.js'
import { copiesNeeded } from './surge.js'
import { lagBytesMax } from './switchover.js'

/**
 * What must be so before the next node of a roll is taken out of service: every other one is in service and close behind the master, enough of them are
 * left, and the last one that was made anew has run for as long as the manifest asks.
 */
export function whyNotNext(
  input: PlanInput,
  census: Census,
  { master, goal }: { readonly master: number; readonly goal: string },
): Wait | null {
  const out = census.wanted.filter(node => !isInService(node))
  if (out.length > 0) return untilInSync(out, goal)
  return (
    whyTooFewLeft(input, census, { master, goal }) ??
    whyBehind(census, master) ??
    whyTooSoon(input, census, master)
  )
}

const brokenBuckets: ReadonlySet<Bucket> = new Set([
  'syncing',
  'astray',
  'loading',
  'starting',
  'busy',
  'detached',
  'lifeless',
  'locked-out',
])

/** Runs, and serves nobody. What does not run is made anew when it is started, and what somebody froze is left to them. */
export function isBroken({ bucket }: ClassifiedNode): boolean {
  return brokenBuckets.has(bucket)
}

/** Of broken nodes too one at a time is made anew: the first has to show that a node can live with today's spec. */
export function whyUnproven(census: Census, goal: string): Wait | null {
  const unproven = census.wanted.filter(node => !node.outdated && !isInService(node))
  return unproven.length === 0 ? null : untilInSync(unproven, goal)
}

/** Never so with every wanted node in service: the census has one node more where it has to. Said all the same, because it is the promise. */
function whyTooFewLeft(
  input: PlanInput,
  census: Census,
  { master, goal }: { readonly master: number; readonly goal: string },
): Wait | null {
  const replicas = census.wanted.filter(node => node.ordinal !== master)
  const isLast = !replicas.some(node => node.outdated)
  const left = replicas.length - (isLast ? 0 : 1)
  const needed = isLast ? 1 : copiesNeeded(input.spec)
  return left >= needed
    ? null
    : {
        what: `there is one node more, so that ${needed} synced can be left: then ${goal}`,
        ordinal: null,
        lookAgainInMs: 1_000,
      }
}

/** In sync, and so far behind that it would be no copy to rely on, nor one to hand over to without a long pause of writes. */
function whyBehind(census: Census, master: number): Wait | null {
  const reigning = census.wanted.find(node => node.ordinal === master)
  const offset = reigning === undefined ? null : (factsOf(reigning)?.offset ?? null)
  for (const node of census.wanted) {
    const applied = factsOf(node)?.upstream?.appliedOffset ?? null
    if (node.ordinal === master || applied === null || offset === null) continue
    if (offset - applied > lagBytesMax)
      return {
        what: `node ${node.ordinal} has caught up: it lags ${offset - applied} bytes behind`,
        ordinal: node.ordinal,
        lookAgainInMs: 100,
      }
  }
  return null
}

/**
 * spec.update.pauseBetween, counted from the start of the node that was made anew last. Once the master is a new one there is no pause: an older node that follows a
 * newer master may not understand it for long.
 */
function whyTooSoon(input: PlanInput, census: Census, master: number): Wait | null {
  const renewed = census.wanted.filter(node => !node.outdated)
  if (renewed.some(node => node.ordinal === master)) return null
  const lastStartMs = Math.max(0, ...renewed.map(node => node.seen?.container.startedAtMs ?? 0))
  const leftMs = lastStartMs + input.spec.update.pauseBetweenMs - input.seen.atMs
  return leftMs <= 0
    ? null
    : {
        what: `the last node that was made anew has run for ${input.spec.update.pauseBetweenMs / 1_000} s (spec.update.pauseBetween)`,
        ordinal: null,
        lookAgainInMs: leftMs,
      }
}

/** Out of service, and not by anything that passes by itself or that Flotilla mends. */
export function whyStuck(census: Census): Refusal | null {
  for (const node of census.wanted) {
    const stuck = howStuck(node)
    if (stuck !== null)
      return {
        code: 'RolloutBlocked',
        why: `node ${node.ordinal} ${stuck.how}, and no other node is taken out of service while one is`,
        whatToType: stuck.whatToType,
      }
  }
  return null
}

function howStuck(node: ClassifiedNode): { readonly how: string; readonly whatToType: string } | null {
  const name = node.seen?.container.name ?? ''
  if (node.bucket === 'paused') return { how: 'is frozen', whatToType: `docker unpause ${name}` }
  if (node.bucket === 'locked-out' && !node.outdated)
    return { how: 'does not let us in', whatToType: `docker rm -f ${name}   (it is made anew on its volume)` }
  return null
}

/** A hand-over that could not be carried through has paused writes for nothing: it is tried again later and later. */
export function whyNotHandOverAgain({ memory, seen }: PlanInput): Wait | null {
  const lastOther = memory.history.findLastIndex(
    one => one.kind !== 'switchover' || one.requestId !== null || one.result !== 'aborted',
  )
  const aborted = memory.history.slice(lastOther + 1)
  const last = aborted.at(-1)
  if (last === undefined) return null
  const delayMs = Math.min(againMs.most, againMs.first * 2 ** (aborted.length - 1))
  const leftMs = last.endedAtMs + delayMs - seen.atMs
  return leftMs <= 0
    ? null
    : {
        what: `the next try to hand over is due, in ${Math.ceil(leftMs / 1_000)} s: the last was called off (${last.detail ?? 'no reason known'})`,
        ordinal: last.from,
        lookAgainInMs: leftMs,
      }
}

const againMs = { first: 5_000, most: 300_000 } as const

function untilInSync(nodes: readonly ClassifiedNode[], goal: string): Wait {
  return {
    what: `node ${listOf(nodes)} is in sync: then ${goal}`,
    ordinal: nodes[0]?.ordinal ?? null,
    lookAgainInMs: 1_000,
  }
}

function listOf(nodes: readonly ClassifiedNode[]): string {
  return nodes.map(node => node.ordinal).join(', ')
}

import type { Members } from '../members/select-members.js'
import { isInService, type Bucket, type Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal, Wait } from '../../../model/plan.js'
import { copiesNeeded } from './surge.js'
import { lagBytesMax } from '../master/change-of-master.js'

/**
 * What must be so before the next node of a roll is taken out of service: every other one is in service and
 * close behind the master, enough of them are left, and the last one that was recreated has run for as long
 * as the manifest asks.
 */
export function whyNotNext(
  input: PlanInput,
  members: Members,
  { master, goal }: { readonly master: number; readonly goal: string },
): Wait | null {
  const out = members.wanted.filter(node => !isInService(node))
  if (out.length > 0) return untilInSync(out, goal)
  return (
    whyTooFewLeft(input, members, { master, goal }) ??
    whyBehind(members, master) ??
    whyTooSoon(input, members, master)
  )
}

const brokenBuckets: ReadonlySet<Bucket> = new Set([
  'syncing',
  'wrong-upstream',
  'loading',
  'starting',
  'busy',
  'detached',
  'unreachable',
  'auth-failure',
])

/**
 * Runs, and serves nobody. What does not run is recreated when it is started, and what somebody froze is left
 * to them.
 */
export function isBroken({ bucket }: Member): boolean {
  return brokenBuckets.has(bucket)
}

/**
 * Of broken nodes too one at a time is recreated: the first has to show that a node can live with today's
 * spec.
 */
export function whyUnproven(members: Members, goal: string): Wait | null {
  const unproven = members.wanted.filter(node => !node.outdated && !isInService(node))
  return unproven.length === 0 ? null : untilInSync(unproven, goal)
}

/**
 * Never so with every wanted node in service: there is a surge node where there has to be. Said all the
 * same, because it is the promise.
 */
function whyTooFewLeft(
  input: PlanInput,
  members: Members,
  { master, goal }: { readonly master: number; readonly goal: string },
): Wait | null {
  const replicas = members.wanted.filter(node => node.ordinal !== master)
  const isLast = !replicas.some(node => node.outdated)
  const left = replicas.length - (isLast ? 0 : 1)
  const needed = isLast ? 1 : copiesNeeded(input.spec)
  return left >= needed
    ? null
    : {
        what: `the surge node is up, so that ${needed} synced can be left: then ${goal}`,
        ordinal: null,
        recheckInMs: 1_000,
      }
}

/**
 * In sync, and so far behind that it would be no copy to rely on, nor one to hand over to without a long
 * pause of writes.
 */
function whyBehind(members: Members, master: number): Wait | null {
  const activeMaster = members.wanted.find(node => node.ordinal === master)
  const offset = activeMaster === undefined ? null : (activeMaster.facts?.offset ?? null)
  for (const node of members.wanted) {
    const applied = node.facts?.upstream?.appliedOffset ?? null
    if (node.ordinal === master || applied === null || offset === null) continue
    if (offset - applied > lagBytesMax)
      return {
        what: `node ${node.ordinal} has caught up: it lags ${offset - applied} bytes behind`,
        ordinal: node.ordinal,
        recheckInMs: 100,
      }
  }
  return null
}

/**
 * spec.update.pauseBetween, counted from the start of the node that was recreated last. Once the master is a
 * new one there is no pause: an older node that follows a newer master may not understand it for long.
 */
function whyTooSoon(input: PlanInput, members: Members, master: number): Wait | null {
  const updated = members.wanted.filter(node => !node.outdated)
  if (updated.some(node => node.ordinal === master)) return null
  const lastStartMs = Math.max(0, ...updated.map(node => node.seen?.container.startedAtMs ?? 0))
  const leftMs = lastStartMs + input.spec.update.pauseBetweenMs - input.seen.atMs
  return leftMs <= 0
    ? null
    : {
        what: `the last node that was recreated has run for ${input.spec.update.pauseBetweenMs / 1_000} s (spec.update.pauseBetween)`,
        ordinal: null,
        recheckInMs: leftMs,
      }
}

/** Out of service, and not by anything that passes by itself or that Flotilla mends. */
export function whyStuck(members: Members): Refusal | null {
  for (const node of members.wanted) {
    const stuck = howStuck(node)
    if (stuck !== null)
      return {
        code: 'RolloutBlocked',
        reason: `node ${node.ordinal} ${stuck.how}, and no other node is taken out of service while one is`,
        remedy: stuck.remedy,
      }
  }
  return null
}

function howStuck(node: Member): { readonly how: string; readonly remedy: string } | null {
  const name = node.seen?.container.name ?? ''
  if (node.bucket === 'paused') return { how: 'is frozen', remedy: `docker unpause ${name}` }
  if (node.bucket === 'auth-failure' && !node.outdated)
    return { how: 'does not let us in', remedy: `docker rm -f ${name}   (it is recreated on its volume)` }
  return null
}

/**
 * A switchover that could not be carried through has paused writes for nothing: it is tried again later and
 * later.
 */
export function whyNotSwitchoverYet({ memory, seen }: PlanInput): Wait | null {
  const lastOther = memory.history.findLastIndex(
    one => one.kind !== 'switchover' || one.requestId !== null || one.result !== 'aborted',
  )
  const aborted = memory.history.slice(lastOther + 1)
  const last = aborted.at(-1)
  if (last === undefined) return null
  const delayMs = Math.min(retryMs.most, retryMs.first * 2 ** (aborted.length - 1))
  const leftMs = last.endedAtMs + delayMs - seen.atMs
  return leftMs <= 0
    ? null
    : {
        what: `the next try to hand over is due, in ${Math.ceil(leftMs / 1_000)} s: the last was aborted (${last.detail ?? 'no reason known'})`,
        ordinal: last.from,
        recheckInMs: leftMs,
      }
}

const retryMs = { first: 5_000, most: 300_000 } as const

function untilInSync(nodes: readonly Member[], goal: string): Wait {
  return {
    what: `node ${listOf(nodes)} is in sync: then ${goal}`,
    ordinal: nodes[0]?.ordinal ?? null,
    recheckInMs: 1_000,
  }
}

function listOf(nodes: readonly Member[]): string {
  return nodes.map(node => node.ordinal).join(', ')
}

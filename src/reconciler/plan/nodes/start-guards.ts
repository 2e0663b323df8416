import { masterName } from '../../../model/names.js'
import type { ObservedNode } from '../../../model/observation.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Member } from '../members/classify.js'
import { crashesOf, restartDelayMs, quickCrashesInARow, quickCrashMs, unstableNodes } from './crash-loop.js'
import type { Refusal, Wait } from '../../../model/plan.js'
import { howToRepair, whyUnreadable } from './unreadable-data.js'

/**
 * Why a node is not started now; null when nothing speaks against it. `master` is the recorded one, as far as
 * there is one.
 */
export function whyNotStart(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  return (
    whyNotStartAgainYet(input, ordinal, master) ??
    whyNotStartBesideUnexpectedMaster(input, ordinal, master) ??
    whyNotStartAsMaster(input, ordinal, master)
  )
}

/**
 * While it still has the name of the master that it was, clients would be led to it beside the one that
 * is active. Naming takes it away first.
 */
function whyNotStartAsMaster(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  const name = masterName(input.spec.name)
  const hasMaster = input.seen.nodes.some(
    node => node.ordinal === master && node.ordinal !== ordinal && factsOfNode(node)?.role === 'master',
  )
  const holdsIt = input.seen.nodes.some(node => node.ordinal === ordinal && node.container.name === name)
  return hasMaster && holdsIt
    ? { what: `node ${ordinal} has given up the name ${name} before it starts`, ordinal, recheckInMs: 20 }
    : null
}

/**
 * A node is born as a replica of whoever holds the master's name. When that is a node that says it is master
 * and is not the recorded one, to start another would replace its data by the unexpected master's. Naming or
 * a person puts the name right first.
 */
function whyNotStartBesideUnexpectedMaster(
  input: PlanInput,
  ordinal: number,
  master: number | null,
): Wait | null {
  const name = masterName(input.spec.name)
  const unexpectedMaster = input.seen.nodes.find(
    node =>
      node.container.name === name &&
      node.ordinal !== master &&
      node.ordinal !== ordinal &&
      factsOfNode(node)?.role === 'master',
  )
  if (unexpectedMaster === undefined) return null
  return {
    what: `the name ${name} does not lead to node ${unexpectedMaster.ordinal} any more, which says that it is master and is not: node ${ordinal} would copy its data at its start`,
    ordinal,
    recheckInMs: 1_000,
  }
}

/**
 * Crashes that follow each other quickly are answered more and more slowly; the first is answered at once.
 */
function whyNotStartAgainYet(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  const node = input.seen.nodes.find(one => one.ordinal === ordinal)
  if (node === undefined) return null
  const remainingMs = nextStartAtMs(input, node, master) - input.seen.atMs
  if (remainingMs <= 0) return null
  const quickCrashes = quickCrashesInARow(crashesOf(input.memory, node))
  return {
    what: `the next start of node ${ordinal} is due, in ${Math.ceil(remainingMs / 1_000)} s: it ended ${quickCrashes} times within ${quickCrashMs / 1_000} s of its start`,
    ordinal,
    recheckInMs: remainingMs,
  }
}

/** When a node that has ended may be started again, on our clock; 0: at once. */
function nextStartAtMs(input: PlanInput, node: ObservedNode, master: number | null): number {
  const crashes = crashesOf(input.memory, node)
  const last = crashes.at(-1)
  // An end that is still to come: the clock was set back, and nothing can be counted from it.
  if (last === undefined || last.atMs > input.seen.atMs) return 0
  return (
    last.atMs +
    Math.min(restartDelayMs(crashes), restartDelayMsMax(input, { node, master, served: last.served }))
  )
}

/**
 * A pause spares the others the work that a node makes that can't live. While nobody takes writes the
 * recorded master is not kept waiting for long, and hardly at all when it can live; nor is a replica that
 * can, while the master has no other copy that does not keep crashing: the next crash of the master would be
 * an outage.
 */
function restartDelayMsMax(
  input: PlanInput,
  {
    node,
    master,
    served,
  }: { readonly node: ObservedNode; readonly master: number | null; readonly served: boolean },
): number {
  const others = input.seen.nodes.filter(one => one.ordinal !== node.ordinal)
  const hasMaster = others.some(one => factsOfNode(one)?.role === 'master')
  const unstable = unstableNodes(input)
  const hasCopy = others.some(
    one => factsOfNode(one)?.upstream?.link === 'up' && !unstable.includes(one.ordinal),
  )
  const isNeeded = hasMaster
    ? !hasCopy
    : node.ordinal === master || !others.some(one => factsOfNode(one) !== null)
  if (isNeeded && served) return 2_000
  return isNeeded && !hasMaster ? 30_000 : 300_000
}

/** After so many quick ends in a row people are told: by itself it may not come round. */
const quickCrashesMax = 5

/**
 * Tells of a node that ends soon after each start, until it has run for longer. It goes on being started,
 * minutes apart in the end.
 */
export function whyCrashLooping(input: PlanInput, node: Member, master: number | null): Refusal | null {
  if (node.seen === null || node.outdated) return null
  const { container, lastLogLines } = node.seen
  const crashes = crashesOf(input.memory, node.seen)
  const quickCrashes = quickCrashesInARow(crashes)
  // A frozen process has not ended: what it waits for is another matter.
  const isRunning = container.state === 'running' || container.state === 'paused'
  const unreadable = node.ordinal === master ? whyUnreadable(input, node) : null
  if (quickCrashes < quickCrashesMax && unreadable === null) return null
  if (isRunning && input.seen.atMs - (container.startedAtMs ?? 0) >= quickCrashMs) return null
  const said = lastLogLines.length === 0 ? '' : `; it said last: ${lastLogLines.join(' | ')}`
  const nextAtMs = Math.max(nextStartAtMs(input, node.seen, master), input.seen.atMs)
  const next = isRunning ? 'it runs just now' : `its next start is at ${timeOfDay(nextAtMs)}`
  return {
    code: 'CrashLooping',
    reason: `node ${node.ordinal} ended ${quickCrashes} times in a row within ${quickCrashMs / 1_000} s of its start, last with exit code ${crashes.at(-1)?.exitCode ?? 'unknown'}; ${next}${said}`,
    remedy:
      unreadable === null
        ? `flotilla restart ${input.spec.name} --node ${node.ordinal}   (tries at once; mend the cause first. Its volume is kept)`
        : howToRepair(input, node, unreadable),
  }
}

function timeOfDay(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`
}

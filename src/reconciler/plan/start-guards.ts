import { masterName } from '../names.js'
import { factsOfNode } from '../node-facts.js'
import type { PlanInput } from './input.js'
import type { ClassifiedNode } from './classify.js'
import { crashesOf, quickCrashesInARow, quickMs } from './crashes.js'
import type { Refusal, Wait } from './plan.js'

/** Why a node is not started now; null when nothing speaks against it. `master` is the rightful one, as far as there is one. */
export function whyNotStart(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  return (
    whyNotStartAgainYet(input, ordinal) ??
    whyNotStartBesideUsurper(input, ordinal, master) ??
    whyNotStartAsMaster(input, ordinal, master)
  )
}

/** While it still has the name of the master that it was, clients would be led to it beside the one that reigns. Naming takes it away first. */
function whyNotStartAsMaster(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  const name = masterName(input.spec.name)
  const reigns = input.seen.nodes.some(
    node => node.ordinal === master && node.ordinal !== ordinal && factsOfNode(node)?.role === 'master',
  )
  const holdsIt = input.seen.nodes.some(node => node.ordinal === ordinal && node.container.name === name)
  return reigns && holdsIt
    ? { what: `node ${ordinal} has given up the name ${name} before it starts`, ordinal, lookAgainInMs: 20 }
    : null
}

/**
 * A node is born as a replica of whoever holds the master's name. When that is a node that says it is master and is not the rightful one, to start another
 * would replace its data by the usurper's. Naming or a person puts the name right first.
 */
function whyNotStartBesideUsurper(input: PlanInput, ordinal: number, master: number | null): Wait | null {
  const name = masterName(input.spec.name)
  const usurper = input.seen.nodes.find(
    node =>
      node.container.name === name &&
      node.ordinal !== master &&
      node.ordinal !== ordinal &&
      factsOfNode(node)?.role === 'master',
  )
  if (usurper === undefined) return null
  return {
    what: `the name ${name} does not lead to node ${usurper.ordinal} any more, which says that it is master and is not: node ${ordinal} would copy its data at its start`,
    ordinal,
    lookAgainInMs: 1_000,
  }
}

/** Crashes that follow each other quickly are answered more and more slowly; the first is answered at once. */
function whyNotStartAgainYet(input: PlanInput, ordinal: number): Wait | null {
  const node = input.seen.nodes.find(one => one.ordinal === ordinal)
  const crashes = node === undefined ? [] : crashesOf(input.memory, node)
  const quick = quickCrashesInARow(crashes)
  const last = crashes.at(-1)
  if (quick < 2 || quick >= quickCrashesMax || last === undefined) return null
  const delayMs = Math.min(1_000 * 2 ** (quick - 2), 60_000)
  const sinceMs = input.seen.atMs - last.atMs
  const remainingMs = delayMs - sinceMs
  // An end that is still to come: the clock was set back, and nothing can be counted from it.
  if (remainingMs <= 0 || sinceMs < 0) return null
  return {
    what: `the next start of node ${ordinal} is due, in ${Math.ceil(remainingMs / 1_000)} s: it ended ${quick} times within ${quickMs / 1_000} s of its start`,
    ordinal,
    lookAgainInMs: remainingMs,
  }
}

/** After so many quick ends in a row it is stopped for good: starting it once more would only fill the log. */
const quickCrashesMax = 5

/** Why a node is not started any more, by itself; its volume is kept. */
export function whyQuarantined(input: PlanInput, node: ClassifiedNode): Refusal | null {
  const crashes = node.seen === null ? [] : crashesOf(input.memory, node.seen)
  const quick = quickCrashesInARow(crashes)
  if (quick < quickCrashesMax || node.outdated) return null
  const lines = node.seen?.lastLogLines ?? []
  const said = lines.length === 0 ? '' : `; it said last: ${lines.join(' | ')}`
  return {
    code: 'CrashLooping',
    why: `node ${node.ordinal} ended ${quick} times in a row within ${quickMs / 1_000} s of its start, last with exit code ${crashes.at(-1)?.exitCode ?? 'unknown'}, and is not started any more${said}`,
    whatToType: `flotilla restart ${input.spec.name} --node ${node.ordinal}   (after the cause is mended; its volume is kept)`,
  }
}

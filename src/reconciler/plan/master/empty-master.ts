import type { Member } from '../members/classify.js'
import { dataLossGuard, keyCountOf } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { promoteRecorded, lastKnownLineage, mayHoldData, pendingOnOthers } from './recorded-master.js'

/**
 * It holds nothing. That is right only if nothing was ever there: our record may be older than the data, so
 * the other nodes are asked too.
 */
export function decideEmptyMaster(input: PlanInput, others: readonly Member[], node: Member): MasterDecision {
  const had = lastKnownLineage(input, node.ordinal)?.keys ?? 0
  const unanswered = others.filter(other => mayHoldData(input, other))
  const holders = others.filter(other => keyCountOf(other) > 0)
  if (unanswered.length > 0) return decideWithoutAnswers(input, node, { unanswered, holders, had })
  if (holders.length === 0 && had === 0)
    return promoteRecorded(input, node, 'restart', 'it is the recorded master, and no node holds any data')
  if (holders.length === 0 && input.spec.persistence.mode === 'none')
    return {
      ...promoteRecorded(
        input,
        node,
        'cold-start',
        `every node came back empty, as persistence: none means; ${had} keys are gone`,
      ),
      lostKeys: had,
    }
  const came = `${had > 0 ? `was master with ${had} keys` : 'is the recorded master'} and came back empty`
  return {
    kind: 'refused',
    ordinal: node.ordinal,
    refusal: dataLossGuard(input.spec.name, { node, came, holders }),
  }
}

/**
 * So long is waited for nodes that may hold data and say nothing, before it is decided without them or a
 * person is asked, ms.
 */
const silenceMsMax = 30_000

/**
 * Others may hold data and have not said so. One that loads its data will; one that is frozen or can't start
 * may never.
 */
function decideWithoutAnswers(
  input: PlanInput,
  node: Member,
  {
    unanswered,
    holders,
    had,
  }: {
    readonly unanswered: readonly Member[]
    readonly holders: readonly Member[]
    readonly had: number
  },
): MasterDecision {
  const emptied = had > 0 ? `came back empty, and had ${had} keys` : 'came back empty'
  const silentForMs = input.seen.atMs - (node.seen?.container.startedAtMs ?? input.seen.atMs)
  if (silentForMs < silenceMsMax || unanswered.some(({ bucket }) => bucket === 'loading'))
    return pendingOnOthers(node, unanswered, `it ${emptied}`)
  const list = unanswered.map(({ ordinal }) => ordinal).join(', ')
  if (had === 0 && holders.length === 0 && unanswered.every(one => wasEmpty(input, one)))
    return promoteRecorded(
      input,
      node,
      'restart',
      `every node was empty when it was last seen; node ${list} has said nothing for ${silenceMsMax / 1_000} s`,
    )
  const came = `${emptied}, and node ${list}, which says nothing, may hold data`
  return {
    kind: 'refused',
    ordinal: node.ordinal,
    refusal: dataLossGuard(input.spec.name, { node, came, holders }),
  }
}

/** It was in sync when it was last seen, and held nothing. */
function wasEmpty(input: PlanInput, { ordinal }: Member): boolean {
  return input.memory.nodes.find(node => node.ordinal === ordinal)?.lineage?.keys === 0
}

import { entryOf } from '../../model/actions/action-kinds.js'
import type { Action, Plan } from '../../model/plan.js'

/**
 * Which actions of a plan need which others. The stages are an order in time; this is the order of need: an
 * action that fails stops what needs it, and nothing else. One node's trouble (a mount, a pull, a full disk)
 * then stays with that node, and names, links and passwords of the others go on.
 *
 * Why this is safe: a step of a change of master needs every step before it, whichever node that is about,
 * so whatever fails in writing down, fencing, draining or demoting stops the promotion. Only what brings up
 * or names another node is no such step. The keyring moves on only when every node that was to be given a
 * password has it, and a volume goes only when all else has succeeded. What a kind needs is in its entry.
 *
 * @returns tells whether `then` needs `first`, which stands in an earlier stage of this plan
 */
export function needsIn(plan: Plan): (then: Action, first: Action) => boolean {
  const changesMaster = plan.stages.flat().some(({ kind }) => kind === 'end-operation')
  return (then, first) =>
    // What is not written down is not begun, nor anything that comes with it.
    first.kind === 'begin-operation' || doesNeed(then, first, changesMaster)
}

function doesNeed(then: Action, first: Action, changesMaster: boolean): boolean {
  const { needs } = entryOf(then)
  const nodes = nodesOf(then)
  const isOfNodes = nodesOf(first).some(ordinal => nodes.includes(ordinal))
  return (
    needs.all === true ||
    ((needs.masterChange === 'always' || (needs.masterChange === 'while-under-way' && changesMaster)) &&
      isStepOfMasterChange(first, nodes)) ||
    (needs.nodesUp === true && isOfNodes && entryOf(first).bringsUp === true) ||
    (needs.allOfNodes === true && isOfNodes && first.kind !== 'rename-container') ||
    (needs.name === true && takesNameOf(then, first)) ||
    (isOfNodes && includes(needs.ofNodes, first)) ||
    includes(needs.kinds, first)
  )
}

function includes(kinds: readonly string[] | undefined, { kind }: Action): boolean {
  return kinds?.includes(kind) === true
}

function isStepOfMasterChange(action: Action, nodes: readonly number[]): boolean {
  const { neededByMasterChange } = entryOf(action)
  return neededByMasterChange === 'own-node'
    ? nodesOf(action).some(ordinal => nodes.includes(ordinal))
    : neededByMasterChange !== 'no'
}

/** A name has one holder. */
function takesNameOf(then: Action, first: Action): boolean {
  const wanted =
    then.kind === 'rename-container' ? then.to : then.kind === 'create-container' ? then.name : null
  return (
    (first.kind === 'rename-container' || first.kind === 'remove-container') &&
    first.name === wanted &&
    (then.kind !== 'rename-container' || first.ordinal !== then.ordinal)
  )
}

function nodesOf(action: Action): readonly number[] {
  return entryOf(action).nodes?.(action) ?? ('ordinal' in action ? [action.ordinal] : [])
}

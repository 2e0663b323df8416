import type { Action, Plan } from '../../model/plan.js'

/**
 * Which actions of a plan need which others. The stages are an order in time; this is the order of need: an
 * action that fails stops what needs it, and nothing else. One node's trouble (a mount, a pull, a full disk)
 * then stays with that node, and names, links and passwords of the others go on.
 *
 * Why this is safe: a step of a change of masters needs every step before it, whichever node that is about,
 * so whatever fails in writing down, fencing, draining or demoting stops the promotion. Only what brings up
 * or names another node is no such step. The keyring moves on only when every node that was to be given a
 * password has it, and a volume goes only when all else has succeeded.
 *
 * @returns tells whether `then` needs `first`, which stands in an earlier stage of this plan
 */
export function needsIn(plan: Plan): (then: Action, first: Action) => boolean {
  const changesMasters = plan.stages.flat().some(({ kind }) => kind === 'end-operation')
  return (then, first) =>
    // What is not written down is not begun, nor anything that comes with it.
    first.kind === 'begin-operation' || needs(then, first, changesMasters)
}

function needs(then: Action, first: Action, changesMasters: boolean): boolean {
  switch (then.kind) {
    case 'begin-operation':
    case 'kill-container':
    case 'pause-writes':
    case 'catch-up':
    case 'promote':
    case 'resume-writes':
    case 'disconnect-clients':
    case 'end-operation':
    case 'pause-source':
    case 'catch-up-source':
    case 'fence-source':
    case 'unfence-source':
    case 'resume-source':
    case 'disconnect-source-clients':
    case 'restore-login':
      return !isUnrelatedStep(first, nodesOf(then))
    case 'rename-container':
      // While masters change, a name leads to the new one only when it is master, and when the old one can't
      // follow the name to what would overwrite it.
      if (changesMasters && !isUnrelatedStep(first, nodesOf(then))) return true
      return takesNameOf(then, first) || isAbout(first, ['create-container'], nodesOf(then))
    case 'follow':
      // A follower needs its master up, promoted and listening.
      return first.kind !== 'rename-container' && isOneOf(first, nodesOf(then))
    case 'follow-source':
      return (
        first.kind === 'record-source' || isAbout(first, [...bringUpKinds, 'connect-network'], nodesOf(then))
      )
    case 'create-container':
      return isPrerequisite(first) || takesNameOf(then, first) || isAbout(first, bringUpKinds, nodesOf(then))
    case 'start-container':
    case 'reattach-network':
      return first.kind === 'create-network' || isAbout(first, bringUpKinds, nodesOf(then))
    case 'load-certificate':
    case 'set-port':
      return isAbout(first, [...bringUpKinds, 'load-certificate', 'set-port', 'follow'], nodesOf(then))
    case 'apply-config':
    case 'limit-container':
      // A limit is raised before more memory is used, and lowered after less is.
      return isAbout(first, [...bringUpKinds, 'follow', 'apply-config', 'limit-container'], nodesOf(then))
    case 'set-append-only':
    case 'save-snapshot':
    case 'write-config':
      return isAbout(first, [...bringUpKinds, 'set-append-only', 'save-snapshot'], nodesOf(then))
    case 'create-volume':
    case 'archive-data':
    case 'stop-container':
    case 'remove-container':
    case 'connect-network':
    case 'disconnect-network':
    case 'apply-users':
      return isAbout(first, bringUpKinds, nodesOf(then))
    case 'probe-image':
    case 'probe-data':
      return first.kind === 'pull-image'
    case 'complete-request':
      return first.kind === 'stop-container'
    case 'activate-passwords':
    case 'retire-passwords':
      return (
        first.kind === 'apply-users' || first.kind === 'write-config' || first.kind === 'activate-passwords'
      )
    case 'remove-volume':
    case 'remove-network':
      return true
    case 'pull-image':
    case 'create-network':
    case 'record-source':
    case 'remove-leftover':
      return false
  }
}

/**
 * What makes a node's container exist, run and be reached: all that is done to the node afterwards needs it.
 */
const bringUpKinds: readonly Action['kind'][] = [
  'create-volume',
  'create-container',
  'stop-container',
  'remove-container',
  'kill-container',
  'reattach-network',
  'archive-data',
  'write-config',
  'start-container',
]

/** What every container is made of. */
function isPrerequisite({ kind }: Action): boolean {
  return kind === 'create-network' || kind === 'pull-image'
}

/**
 * No step of a change of masters: it brings up or names a node that is not among these, or nobody's safety
 * hangs on it.
 */
function isUnrelatedStep(action: Action, nodes: readonly number[]): boolean {
  switch (action.kind) {
    case 'rename-container':
    case 'remove-leftover':
    case 'probe-image':
    case 'probe-data':
    case 'pull-image':
    case 'create-network':
      return true
    case 'create-volume':
    case 'create-container':
    case 'remove-container':
    case 'reattach-network':
    case 'connect-network':
    case 'archive-data':
    case 'write-config':
    case 'start-container':
      return !nodes.includes(action.ordinal)
    default:
      return false
  }
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

function isOneOf(action: Action, nodes: readonly number[]): boolean {
  return nodesOf(action).some(ordinal => nodes.includes(ordinal))
}

function isAbout(action: Action, kinds: readonly Action['kind'][], nodes: readonly number[]): boolean {
  return kinds.includes(action.kind) && isOneOf(action, nodes)
}

/** The nodes that an action changes or relies on. */
function nodesOf(action: Action): readonly number[] {
  if (action.kind === 'follow' || action.kind === 'catch-up') return [action.ordinal, action.master]
  if (action.kind === 'begin-operation' || action.kind === 'end-operation') return [action.operation.to]
  return 'ordinal' in action ? [action.ordinal] : []
}

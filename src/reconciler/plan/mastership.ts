import type { Lineage, Operation, OperationKind } from '../memory.js'
import { masterName } from '../names.js'
import type { PlanInput } from './input.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { Refusal, Wait } from './plan.js'

/**
 * Who is master, decided from our own record first, then from names, then from what the nodes hold.
 *
 * A node is born a replica and never becomes master by booting, so "nobody says master" is the normal start of every life after a crash, and the
 * question is always the same: which node may be crowned without losing what another one holds? The order of trust:
 * 1. a node that reigns already and is the recorded one;
 * 2. the record (`memory.master`, or an operation that was under way);
 * 3. without a record, the container that holds the master's name (a container's name is its role);
 * 4. without either, data: the only node that has any, or the furthest of one lineage.
 * What contradicts the record (an empty master where there was data) is a refusal, never a guess.
 */
export type Mastership =
  /** The recorded master reigns. */
  | { readonly kind: 'reigning'; readonly ordinal: number }
  /** A master reigns that we have no record of: write it down, change nothing. */
  | { readonly kind: 'found'; readonly ordinal: number; readonly reason: string }
  /** Nothing exists anywhere: the first node is crowned as soon as it is up, within the same plan. */
  | { readonly kind: 'first'; readonly ordinal: number; readonly reason: string }
  /** The evidence is complete: promote now. */
  | {
      readonly kind: 'crown'
      readonly ordinal: number
      readonly operationKind: OperationKind
      readonly reason: string
    }
  /** Not decided yet; `ordinal` is the one expected, when there is one. */
  | { readonly kind: 'pending'; readonly ordinal: number | null; readonly waits: readonly Wait[] }
  | { readonly kind: 'refused'; readonly ordinal: number | null; readonly refusal: Refusal }

export function decideMastership(input: PlanInput, nodes: readonly ClassifiedNode[]): Mastership {
  const rightful = rightfulOrdinal(input)
  if (rightful !== null) return decideOnRecord(input, nodes, rightful)
  const masters = nodes.filter(node => factsOf(node)?.role === 'master')
  if (masters.length > 0) return decideAmongMasters(input, masters)
  const blankSlate = input.seen.nodes.length === 0 && (input.seen.resources?.volumes.length ?? 0) === 0
  if (blankSlate)
    return {
      kind: 'first',
      ordinal: lowestOrdinal(nodes),
      reason: 'a new flotilla starts with its lowest ordinal as master',
    }
  return decideWithoutRecord(input, nodes)
}

/** Whom our record names: an operation under way outranks the last one that ended. */
export function rightfulOrdinal(input: Pick<PlanInput, 'memory'>): number | null {
  return input.memory.operation?.to ?? input.memory.master?.ordinal ?? null
}

function decideOnRecord(input: PlanInput, nodes: readonly ClassifiedNode[], rightful: number): Mastership {
  const node = nodes.find(one => one.ordinal === rightful)
  if (node === undefined) return pendingOn(rightful, 'its container is created')
  const operation = input.memory.operation
  switch (node.bucket) {
    case 'master':
      return operation === null
        ? { kind: 'reigning', ordinal: rightful }
        : {
            kind: 'crown',
            ordinal: rightful,
            operationKind: operation.kind,
            reason: `${operation.reason} (resumed)`,
          }
    case 'absent':
    case 'stopped':
      return operation?.kind === 'creation' && nothingHolds(nodes)
        ? { kind: 'first', ordinal: rightful, reason: `${operation.reason} (resumed)` }
        : pendingOn(rightful, 'it is started on its own data')
    case 'uncrowned':
      return decideOnUncrowned(input, nodes, node)
    case 'leaving':
      return pendingOn(rightful, 'the engine has removed its container')
    case 'paused':
      return pendingOn(rightful, 'its container is unpaused')
    case 'detached':
      return pendingOn(rightful, 'it is back on its network')
    case 'starting':
      return pendingOn(rightful, 'it answers', 20)
    case 'lifeless':
      return pendingOn(rightful, 'it answers or its container ends', 250)
    case 'locked-out':
      return pendingOn(rightful, 'it lets us in')
    case 'busy':
      return pendingOn(rightful, 'its script has ended')
    case 'loading':
      return pendingOn(rightful, 'it has loaded its data', 250)
    case 'stray-master':
    case 'online':
    case 'syncing':
    case 'astray':
      // The classifier gives these to others than the rightful node only.
      return pendingOn(rightful, 'its role is known')
  }
}

/** The recorded master is up again, as the replica that every node is born as. Does it still hold what it held? */
function decideOnUncrowned(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  node: ClassifiedNode,
): Mastership {
  const operation = input.memory.operation
  const facts = factsOf(node)
  if (facts === null) return pendingOn(node.ordinal, 'it answers')
  const known = lastKnown(input, node.ordinal)
  if (facts.keys > 0 || known === null || known.keys === 0) {
    return operation === null
      ? {
          kind: 'crown',
          ordinal: node.ordinal,
          operationKind: 'restart',
          reason: `it is the recorded master, back with ${facts.keys} keys`,
        }
      : {
          kind: 'crown',
          ordinal: node.ordinal,
          operationKind: operation.kind,
          reason: `${operation.reason} (resumed)`,
        }
  }
  const undecided = nodes.filter(other => other.bucket !== 'absent' && factsOf(other) === null)
  if (undecided.length > 0)
    return pendingOn(
      node.ordinal,
      `the others have answered too: it came back empty, and had ${known.keys} keys`,
    )
  const others = nodes.filter(other => (factsOf(other)?.keys ?? 0) > 0)
  if (others.length === 0 && input.spec.persistence.mode === 'none')
    return {
      kind: 'crown',
      ordinal: node.ordinal,
      operationKind: 'cold-start',
      reason: `every node came back empty, as persistence: none means; ${known.keys} keys are gone`,
    }
  return {
    kind: 'refused',
    ordinal: node.ordinal,
    refusal: dataLossGuard(input.spec.name, node, known, others),
  }
}

function decideAmongMasters(input: PlanInput, masters: readonly ClassifiedNode[]): Mastership {
  const named = masters.find(node => node.seen?.container.name === masterName(input.spec.name))
  const chosen = masters.length === 1 ? masters[0] : named
  if (chosen !== undefined)
    return {
      kind: 'found',
      ordinal: chosen.ordinal,
      reason:
        masters.length === 1
          ? 'it is the only master, and there was no record'
          : 'of several masters it holds the name, and there was no record',
    }
  return {
    kind: 'refused',
    ordinal: null,
    refusal: noSafeCandidate(
      input.spec.name,
      masters,
      'several nodes say that they are master, and there is no record of which is right',
    ),
  }
}

/** Nobody is master and nobody ever wrote down who was: names first, then data. */
function decideWithoutRecord(input: PlanInput, nodes: readonly ClassifiedNode[]): Mastership {
  const undecided = nodes.filter(node => factsOf(node) === null || node.bucket === 'loading')
  if (undecided.length > 0)
    return {
      kind: 'pending',
      ordinal: null,
      waits: undecided.map(node => ({
        what: `node ${node.ordinal} answers: there is no record of who was master, so all histories are compared first`,
        ordinal: node.ordinal,
        lookAgainInMs: 50,
      })),
    }
  const holders = nodes.filter(node => (factsOf(node)?.keys ?? 0) > 0)
  const named = nodes.find(node => node.seen?.container.name === masterName(input.spec.name))
  const crown = (node: ClassifiedNode, reason: string): Mastership => ({
    kind: 'crown',
    ordinal: node.ordinal,
    operationKind: 'cold-start',
    reason,
  })
  if (holders.length === 0) return crown(named ?? lowestNode(nodes), 'no node holds any data')
  if (named !== undefined && holders.includes(named))
    return crown(named, `it holds the master's name and ${keysOf(named)} keys`)
  const [only, ...more] = holders
  if (only !== undefined && more.length === 0)
    return crown(only, `it is the only node that holds data (${keysOf(only)} keys)`)
  const furthest = furthestOfOneLineage(holders)
  if (furthest !== null) return crown(furthest, 'it is the furthest of one common history')
  return {
    kind: 'refused',
    ordinal: null,
    refusal: noSafeCandidate(
      input.spec.name,
      holders,
      'several nodes hold data, their histories can not be compared, and there is no record of who was master',
    ),
  }
}

function furthestOfOneLineage(nodes: readonly ClassifiedNode[]): ClassifiedNode | null {
  const lineages = new Set(nodes.map(node => factsOf(node)?.replid))
  if (lineages.size !== 1) return null
  return (
    [...nodes].sort(
      (a, b) => (factsOf(b)?.offset ?? 0) - (factsOf(a)?.offset ?? 0) || a.ordinal - b.ordinal,
    )[0] ?? null
  )
}

function dataLossGuard(
  flotilla: string,
  node: ClassifiedNode,
  known: Lineage,
  others: readonly ClassifiedNode[],
): Refusal {
  const holders = others.map(other => `node ${other.ordinal} holds ${keysOf(other)} keys`).join(', ')
  return {
    code: 'DataLossGuard',
    why:
      `node ${node.ordinal} was master with ${known.keys} keys and came back empty; making it master would wipe the others ` +
      `(${holders === '' ? 'no other node holds data' : holders})`,
    whatToType: `flotilla failover ${flotilla} --to ${others[0]?.ordinal ?? node.ordinal} --force`,
  }
}

function noSafeCandidate(flotilla: string, nodes: readonly ClassifiedNode[], why: string): Refusal {
  const table = nodes.map(
    node =>
      `node ${node.ordinal}: ${keysOf(node)} keys, history ${factsOf(node)?.replid.slice(0, 8)}@${factsOf(node)?.offset}`,
  )
  return {
    code: 'NoSafeCandidate',
    why: `${why} (${table.join('; ')})`,
    whatToType: `flotilla failover ${flotilla} --to <ordinal> --force`,
  }
}

/** The operation record that a promotion writes before its first step; an operation under way is kept as it is. */
export function operationFor(
  input: PlanInput,
  crowned: { readonly ordinal: number; readonly kind: OperationKind; readonly reason: string },
): Operation {
  const underWay = input.memory.operation
  if (underWay !== null && underWay.to === crowned.ordinal) return underWay
  return {
    kind: crowned.kind,
    epoch: input.memory.epoch + 1,
    from: input.memory.master?.ordinal ?? null,
    to: crowned.ordinal,
    reason: crowned.reason,
    startedAtMs: input.seen.atMs,
  }
}

function pendingOn(ordinal: number, what: string, lookAgainInMs = 1_000): Mastership {
  return {
    kind: 'pending',
    ordinal,
    waits: [{ what: `node ${ordinal}, the master: ${what}`, ordinal, lookAgainInMs }],
  }
}

function lastKnown(input: PlanInput, ordinal: number): Lineage | null {
  return (
    input.memory.master?.lineage ?? input.memory.nodes.find(node => node.ordinal === ordinal)?.lineage ?? null
  )
}

/** No node is known to hold a key: a creation that was cut short may go on as one. */
function nothingHolds(nodes: readonly ClassifiedNode[]): boolean {
  return nodes.every(node => (factsOf(node)?.keys ?? 0) === 0)
}

function keysOf(node: ClassifiedNode): number {
  return factsOf(node)?.keys ?? 0
}

function lowestNode(nodes: readonly ClassifiedNode[]): ClassifiedNode {
  return (
    [...nodes].sort((a, b) => a.ordinal - b.ordinal)[0] ?? {
      ordinal: 0,
      bucket: 'absent',
      seen: null,
      outdated: false,
    }
  )
}

function lowestOrdinal(nodes: readonly ClassifiedNode[]): number {
  return lowestNode(nodes).ordinal
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { rankCandidates } from '../../../../src/reconciler/plan/master/candidates.js'
import {
  mostAdvancedBeyond,
  mostAdvancedOfLineage,
} from '../../../../src/reconciler/plan/members/evidence.js'
import type { MasterDecision } from '../../../../src/reconciler/plan/master/master-decision.js'
import { whyNotDemote } from '../../../../src/reconciler/plan/master/unexpected-master.js'
import { recoverMaster } from '../../../../src/reconciler/plan/master/recover-master.js'
import {
  lineage,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nothingThere,
  planInput,
  redisFacts,
  replica,
  request,
  resources,
  stopped,
  type Case,
  planText,
  spec,
} from '../../support/world.js'
import type { RedisFacts } from '../../../../src/model/redis.js'

/** Without a record: who is master by what the nodes are called, say and hold. */
function decide(nodes: readonly ObservedNode[], overrides: Partial<Case> = {}): MasterDecision {
  const input = planInput({ memory: memory(null), nodes, seen: { resources: null }, ...overrides })
  const { wanted, excess } = membersOf(input, null)
  return recoverMaster(input, [...wanted, ...excess])
}

const named = { container: { name: 'shop-master' } }
const only = { spec: { replicas: 0 } }
const quiet = (ordinal: number): ObservedNode => node(ordinal, { probe: { kind: 'busy', reason: 'BUSY' } })

function reasonOf(decided: MasterDecision): string {
  return decided.kind === 'refused' ? decided.refusal.reason : decided.kind
}

test('by force a person names the master, if it answers', () => {
  const asked = (nodes: readonly ObservedNode[], overrides: Parameters<typeof request>[0]): MasterDecision =>
    decide(nodes, { spec: { replicas: 1 }, memory: memory(null, { request: request(overrides) }) })
  const two = [newborn(0, {}, named), newborn(1, { replid: 'other' })]
  assert.deepEqual(asked(two, { to: 1, force: true }), {
    kind: 'promote',
    ordinal: 1,
    operationKind: 'failover',
    reason: 'it was asked for, and there is no record',
  })
  const byName = { kind: 'promote', ordinal: 0, operationKind: 'cold-start' } as const
  const reason = "it holds the master's name and 10 keys"
  for (const overrides of [
    { to: 1 },
    { to: 7, force: true },
    { to: 1, force: true, kind: 'switchover' },
  ] as const)
    assert.deepEqual(asked(two, overrides), { ...byName, reason })
  assert.equal(asked([newborn(0), quiet(1)], { to: 1, force: true }).kind, 'pending')
})

test('a blank slate starts with its lowest ordinal, and only a blank one', () => {
  const first = {
    kind: 'create',
    ordinal: 0,
    reason: 'a new flotilla starts with its lowest ordinal as master',
  }
  assert.deepEqual(decide([], { seen: { resources: nothingThere } }), first)
  assert.deepEqual(decide([], { seen: { resources: null } }), first)
  assert.notEqual(decide([], { seen: { resources: resources({ volumes: ['shop-0'] }) } }).kind, 'create')
  assert.notEqual(decide([stopped(0)], { seen: { resources: nothingThere } }).kind, 'create')
})

test('the only master is it, whatever the others hold', () => {
  assert.deepEqual(decide([master(1), newborn(0)], { spec: { replicas: 1 } }), {
    kind: 'unrecorded',
    operationKind: 'adoption',
    ordinal: 1,
    reason: 'it is the only master, and there was no record',
  })
})

test('of several masters the one with the name is it', () => {
  const other = master(1, {}, { container: { name: 'shop-replica-1' } })
  assert.deepEqual(decide([master(0), other], { spec: { replicas: 1 } }), {
    kind: 'unrecorded',
    operationKind: 'adoption',
    ordinal: 0,
    reason: 'of several masters it holds the name, and there was no record',
  })
})

test('an empty master is it only where nobody holds or may hold anything', () => {
  const empty = master(0, { keys: 0 })
  const of = (other: ObservedNode, overrides: Partial<Case> = {}): string =>
    reasonOf(decide([empty, other], { spec: { replicas: 1 }, ...overrides }))
  assert.match(of(newborn(1)), /^node 0 says that it is master and is empty, others hold data/)
  assert.match(
    of(quiet(1)),
    /^node 0 says that it is master and is empty, node 1 may hold data and does not answer/,
  )
  assert.match(reasonOf(decide([empty, quiet(1), stopped(2)])), /node 1, 2 may hold data and does not answer/)
  assert.equal(of(newborn(1, { keys: 0 })), 'unrecorded')
  assert.equal(reasonOf(decide([master(0), quiet(1)], { spec: { replicas: 1 } })), 'unrecorded')
})

test('of nodes without a container only those that are wanted keep an empty master from being it', () => {
  const empty = [master(0, { keys: 0 })]
  const of = (replicas: number, volumes: readonly string[]): string =>
    reasonOf(decide(empty, { spec: { replicas }, seen: { resources: resources({ volumes: [...volumes] }) } }))
  assert.match(of(1, ['shop-0', 'shop-1']), /node 1 may hold data/)
  assert.equal(of(0, ['shop-0', 'shop-1']), 'unrecorded')
  assert.match(of(2, ['shop-0', 'shop-2']), /node 2 may hold data/)
  assert.equal(of(1, ['shop-0']), 'unrecorded')
})

test('nodes that have not said what they hold are waited for, each by its name', () => {
  const loading = node(1, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica' }) } })
  const decided = decide([newborn(0), loading, quiet(2)])
  assert.deepEqual(decided.kind === 'pending' ? decided.waits.map(wait => wait.ordinal) : [], [1, 2])
})

test('where no node holds anything the one with the name is it, or the lowest', () => {
  const nothing = { kind: 'promote', operationKind: 'cold-start', reason: 'no node holds any data' }
  const empty = (ordinal: number, overrides = {}): ObservedNode => newborn(ordinal, { keys: 0 }, overrides)
  assert.deepEqual(decide([empty(0), empty(1, named)], { spec: { replicas: 1 } }), {
    ...nothing,
    ordinal: 1,
  })
  assert.deepEqual(decide([empty(2), empty(1)], { spec: { replicas: 1 } }), { ...nothing, ordinal: 1 })
  assert.deepEqual(decide([empty(0)], only), { ...nothing, ordinal: 0 })
})

test('who holds the most of one history is ahead of others, the lower ordinal among equals', () => {
  const input = planInput({
    nodes: [
      newborn(0, { replid: 'a', offset: 5 }),
      newborn(2, { replid: 'a', offset: 9 }),
      newborn(1, { replid: 'a', offset: 9 }),
    ],
  })
  const nodes = membersOf(input, null).wanted
  assert.equal(mostAdvancedOfLineage(nodes)?.ordinal, 1)
  assert.equal(mostAdvancedOfLineage([...nodes].reverse())?.ordinal, 1)
  assert.equal(mostAdvancedOfLineage([]), null)
})

test('ahead is who holds data further on in the same history, or in one that left it after this point', () => {
  const ahead = (theirs: Partial<RedisFacts>): boolean => {
    const input = planInput({ nodes: [newborn(1, { replid: 'a', offset: 20, ...theirs })] })
    const facts = redisFacts({ replid: 'a', offset: 10 })
    return mostAdvancedBeyond(facts, membersOf(input, null).wanted) !== null
  }
  assert.equal(ahead({}), true)
  assert.equal(ahead({ offset: 10 }), false)
  assert.equal(ahead({ keys: 0 }), false)
  assert.equal(ahead({ replid: 'b' }), false)
  assert.equal(ahead({ replid: 'b', previous: { replid: 'a', untilOffset: 11 } }), true)
  assert.equal(ahead({ replid: 'b', previous: { replid: 'a', untilOffset: 10 } }), false)
  assert.equal(ahead({ replid: 'b', previous: { replid: 'c', untilOffset: 99 } }), false)
})

test('what an unexpected master has of its own is told to the byte', () => {
  const of = (unexpectedMaster: Partial<RedisFacts>, kept: ObservedNode | null): string | null => {
    const unexpectedNode = master(1, { replid: 's', offset: 100, ...unexpectedMaster })
    const input = planInput({
      spec: { replicas: 1 },
      nodes: kept === null ? [unexpectedNode] : [kept, unexpectedNode],
    })
    const { wanted } = membersOf(input, 0)
    const find = (ordinal: number) => wanted.find(one => one.ordinal === ordinal)
    const found = find(1)
    if (found === undefined) return assert.fail()
    const refusal = whyNotDemote('shop', found, kept === null ? undefined : find(0))
    return refusal === null
      ? null
      : (/node 0\), and (.*); making/.exec(refusal.reason)?.[1] ?? refusal.reason)
  }
  const activeMaster = master(0, { replid: 'a', offset: 50 })
  const another = "holds 10 keys of another history than the master's"
  assert.equal(
    of({ previous: { replid: 'a', untilOffset: 101 } }, master(0, { replid: 'a', offset: 100 })),
    null,
  )
  assert.equal(
    of({ previous: { replid: 'a', untilOffset: 100 } }, master(0, { replid: 'a', offset: 100 })),
    'has taken 1 bytes of writes that the master lacks',
  )
  assert.equal(
    of({ previous: { replid: 'a', untilOffset: 101 } }, activeMaster),
    'has taken 50 bytes of writes that the master lacks',
  )
  const newer = master(0, { replid: 'n', offset: 500, previous: { replid: 'a', untilOffset: 101 } })
  assert.equal(of({ previous: { replid: 'a', untilOffset: 101 } }, newer), null)
  assert.equal(
    of(
      { previous: { replid: 'a', untilOffset: 101 } },
      master(0, { replid: 'n', previous: { replid: 'a', untilOffset: 91 } }),
    ),
    'has taken 10 bytes of writes that the master lacks',
  )
  assert.equal(
    of(
      { previous: { replid: 'a', untilOffset: 101 } },
      master(0, { replid: 'n', previous: { replid: 'x', untilOffset: 500 } }),
    ),
    another,
  )
  assert.equal(of({ previous: { replid: 'a', untilOffset: 101 } }, master(0, { replid: 'n' })), another)
  assert.equal(of({ previous: null }, activeMaster), another)
  assert.equal(of({ previous: null, keys: 0 }, activeMaster), null)
  assert.equal(of({ previous: null }, null), null)
  assert.equal(
    of({ previous: null }, node(0, { probe: { kind: 'busy', reason: 'BUSY' } })),
    'holds data that can not be compared with the master yet',
  )
})

test('candidates are in order: who may, then who has come furthest, then the lower ordinal; who knows no offset last', () => {
  const at = (ordinal: number, appliedOffset: number | null, replid = 'replid-a'): ObservedNode =>
    replica(ordinal, { replid, upstream: { appliedOffset } })
  const nodes = [at(6, null), at(5, 0, 'b'), at(4, 900), at(3, 900), at(2, 950), at(1, 999, 'b')]
  const input = planInput({ spec: { replicas: 6 }, nodes })
  const ranked = rankCandidates(
    membersOf(input, null)
      .wanted.filter(one => one.seen !== null)
      .toReversed(),
    {
      known: lineage(),
      masterHost: 'shop-0',
      maxLagBytes: null,
      priority: {},
      seenInSync: [2, 3, 4].map(ordinal => nodeRecord(ordinal)),
      lastChoices: [],
    },
  )
  assert.deepEqual(
    ranked.map(one => one.ordinal),
    [2, 3, 4, 1, 5, 6],
  )
})

test('a new flotilla begins with the first by priority of those who may be master', () => {
  const first = (priority: Readonly<Record<string, number>>): string => {
    const text = planText({
      memory: memory(null),
      spec: { failover: { ...spec().failover, priority } },
      seen: { resources: nothingThere },
    })
    return /promote node (\d)/.exec(text)?.[1] ?? text
  }
  assert.equal(first({}), '0')
  assert.equal(first({ 0: 0 }), '1')
  assert.equal(first({ 2: 10 }), '2')
})

test('without a record a node of priority 0 is no master, though it alone has data', () => {
  const of = (priority: Readonly<Record<string, number>>): string =>
    planText({
      memory: memory(null),
      spec: { failover: { ...spec().failover, priority } },
      nodes: [newborn(0, { keys: 0 }), newborn(1), newborn(2, { keys: 0 })].map(one => ({
        ...one,
        container: { ...one.container, name: `shop-replica-${one.ordinal}` },
      })),
    })
  assert.match(of({}), /promote/)
  assert.doesNotMatch(of({ 1: 0 }), /promote node/)
  assert.match(of({ 1: 0 }), /NoSafeCandidate.*node 1 has come furthest and is never promoted/)
  assert.match(of({ 1: 0 }), /flotilla failover shop --to 1 --force/)
})

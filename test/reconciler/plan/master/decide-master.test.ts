import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import type { Operation } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { operationFor } from '../../../../src/reconciler/plan/master/change-of-master.js'
import { decideMaster, recordedMasterOrdinal } from '../../../../src/reconciler/plan/master/decide-master.js'
import type { MasterDecision } from '../../../../src/reconciler/plan/master/master-decision.js'
import {
  answered,
  lineage,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nowMs,
  operation,
  planInput,
  redisFacts,
  replica,
  request,
  resources,
  spec,
  stopped,
  witnessed,
  type Case,
} from '../../support/world.js'

/** Who is master, or why nobody is yet; as data, where a plan as text would not show it. */
function decide(facts: Case): MasterDecision {
  const input = planInput(facts)
  return decideMaster(input, membersOf(input, recordedMasterOrdinal(input)))
}

/** `what, in ms` of the only wait. */
function waits(facts: Case): string {
  const decided = decide(facts)
  const [wait] = decided.kind === 'pending' ? decided.waits : []
  return wait === undefined ? decided.kind : `${wait.what}, ${wait.recheckInMs}`
}

const named = { container: { name: 'shop-master', startedAtMs: nowMs - 500 } }
const silent = { kind: 'silent', reason: 'nothing', lastByteAtMs: null } as const
const quick = { resources: null }
const lone = { spec: { replicas: 0 }, seen: quick }

test('a recorded master that does not say what it is is waited for, in words for what and as long as that takes', () => {
  const of = (seen: ObservedNode): string => waits({ ...lone, nodes: [seen] })
  const told = (what: string, ms: number): string => `node 0, the master: ${what}, ${ms}`
  assert.equal(
    of(node(0, { container: { state: 'removing' } })),
    told('the engine has removed its container', 1_000),
  )
  assert.equal(of(node(0, { container: { state: 'restarting' } })), told('it answers', 20))
  assert.equal(of(node(0, { address: null })), told('it is back on its network', 1_000))
  assert.equal(of(node(0, { probe: { kind: 'busy', reason: 'BUSY' } })), told('its script has ended', 1_000))
  assert.equal(
    of(node(0, { probe: { kind: 'denied', cause: 'other', reason: 'full' } })),
    told('it lets us in (full)', 1_000),
  )
  assert.equal(of(stopped(0)), told('it is started on its own data', 1_000))
  assert.equal(waits({ ...lone, nodes: [] }), told('it is started on its own data', 1_000))
})

test('a master that hangs is looked at more often the nearer the end of its patience is', () => {
  const failover = { ...spec().failover, hangTimeoutMs: 10_000 }
  const of = (state: 'running' | 'paused', silentMs: number | null): string =>
    waits({
      spec: { replicas: 0, failover },
      seen: quick,
      nodes: [
        node(0, {
          container: { state },
          probe: silent,
          unreachableSinceMs: silentMs === null ? null : nowMs - silentMs,
        }),
      ],
    })
  const answers = 'node 0, the master: it answers or its container ends'
  assert.equal(of('running', 1_000), `${answers}, 250`)
  // Asking one that is silent takes 150 ms, and the decision is due when that is over.
  assert.equal(of('running', 9_750), `${answers}, 100`)
  assert.equal(of('running', 9_995), `${answers}, 10`)
  assert.equal(of('running', 99_000), `${answers}, 10`)
  assert.equal(of('paused', 9_900), 'node 0, the master: docker unpause shop-replica-0, 100')
  assert.equal(of('paused', null), 'node 0, the master: docker unpause shop-replica-0, 250')
})

test('while an old master is made sure of it is the recorded one, and who is to follow it from the promotion on', () => {
  const recordedMaster = (begun: Partial<Operation>, nodes: readonly ObservedNode[] = []): number | null =>
    recordedMasterOrdinal(planInput({ memory: memory(0, { operation: operation(begun) }), nodes }))
  assert.equal(recordedMaster({ phase: 'fencing', from: 1, to: 2 }), 1)
  assert.equal(recordedMaster({ phase: 'fencing', from: null, to: 2 }), 2)
  assert.equal(recordedMaster({ phase: 'promoting', from: 1, to: 2 }), 2)
  assert.equal(recordedMaster({ phase: 'promoting', from: 1, to: 2 }, [master(1)]), 2)
})

test('a master that hands over is active until it says otherwise', () => {
  const recordedMaster = (...nodes: readonly ObservedNode[]): number | null =>
    recordedMasterOrdinal(
      planInput({
        memory: memory(0, { operation: operation({ phase: 'switching', from: 1, to: 2 }) }),
        nodes,
      }),
    )
  assert.equal(recordedMaster(replica(0), master(1), replica(2)), 1)
  assert.equal(recordedMaster(master(0), replica(1), replica(2)), 2)
  assert.equal(recordedMaster(replica(0), stopped(1), replica(2)), 2)
  assert.equal(recordedMaster(replica(2)), 2)
})

test('the record names the master, and nobody where there is none', () => {
  assert.equal(recordedMasterOrdinal(planInput({ memory: memory(2) })), 2)
  assert.equal(recordedMasterOrdinal(planInput({ memory: memory(null) })), null)
})

const creation = operation({ kind: 'creation', from: null, to: 0, reason: 'a new flotilla' })
const blank = (nodes: readonly ObservedNode[], overrides: Partial<Case> = {}): MasterDecision['kind'] =>
  decide({
    spec: { replicas: 2 },
    memory: memory(null, { operation: creation }),
    nodes,
    seen: { resources: resources({ volumes: [] }) },
    ...overrides,
  }).kind

test('a creation that was cut short goes on as one only while nobody may hold anything', () => {
  const created = stopped(0, { state: 'created' })
  assert.equal(blank([created]), 'create')
  assert.equal(blank([]), 'create')
  assert.equal(blank([created, stopped(1), stopped(2)]), 'create')
  assert.equal(blank([created, newborn(1, { keys: 0 }), stopped(2)]), 'create')
  assert.equal(blank([created, newborn(1, { keys: 0 }), newborn(2, { keys: 1 })]), 'pending')
  assert.equal(blank([created, newborn(1, { keys: 1 }), newborn(2, { keys: 0 })]), 'pending')
  assert.equal(blank([created, newborn(1, { keys: 0 }), master(2, { keys: 0 })]), 'pending')
  assert.equal(blank([created, stopped(1), node(2, { probe: silent })]), 'pending')
  assert.equal(blank([created, node(1, { container: { state: 'paused' } }), stopped(2)]), 'pending')
})

test('a node that was in sync once may hold data though the creation has not ended', () => {
  const created = stopped(0, { state: 'created' })
  const known = (nodes: readonly ReturnType<typeof nodeRecord>[]): Partial<Case> => ({
    memory: memory(null, { operation: creation, nodes }),
  })
  assert.equal(blank([created, stopped(1)], known([nodeRecord(1)])), 'pending')
  assert.equal(blank([created, stopped(1)], known([nodeRecord(1, { lineage: null })])), 'create')
  assert.equal(
    blank([created, stopped(1)], known([nodeRecord(2), nodeRecord(1, { lineage: null })])),
    'create',
  )
  const volumes = { seen: { resources: resources({ volumes: ['shop-1'] }) } }
  assert.equal(blank([created], { ...known([]), ...volumes }), 'create')
  assert.equal(blank([created], { ...known([nodeRecord(1)]), ...volumes }), 'pending')
})

test('only a creation is gone on with as one', () => {
  const created = stopped(0, { state: 'created' })
  assert.equal(
    blank([created], { memory: memory(null, { operation: operation({ kind: 'adoption', from: null }) }) }),
    'pending',
  )
})

test('an operation under way goes on as what it was begun as', () => {
  const begun = operation({ kind: 'cold-start', from: null, to: 0, reason: 'as it was begun' })
  const known = memory(0, { operation: begun })
  for (const seen of [master(0), newborn(0, {}, named)])
    assert.deepEqual(decide({ ...lone, memory: known, nodes: [seen] }), {
      kind: 'promote',
      ordinal: 0,
      operationKind: 'cold-start',
      reason: 'as it was begun (resumed)',
    })
})

const rdb = { ...redisFacts().persistence, aofEnabled: false }

test('a master that is back on less than it had is promoted where nobody else may hold the rest', () => {
  const back = newborn(0, { offset: 10, replid: 'replid-a', persistence: rdb }, named)
  const promoted = { kind: 'promote', ordinal: 0, operationKind: 'restart' } as const
  const reason = 'it is the recorded master, back with 10 keys'
  assert.deepEqual(decide({ ...lone, nodes: [back] }), { ...promoted, reason })
  assert.deepEqual(
    decide({
      spec: { replicas: 1 },
      seen: quick,
      nodes: [back, newborn(1, { offset: 5, replid: 'replid-a', persistence: rdb })],
    }),
    { ...promoted, reason },
  )
})

test('who may hold the rest is asked first, and named', () => {
  const back = newborn(0, { offset: 10, replid: 'replid-a', persistence: rdb }, named)
  const quiet = (ordinal: number): ObservedNode => node(ordinal, { probe: { kind: 'busy', reason: 'BUSY' } })
  assert.equal(
    waits({ nodes: [back, quiet(1), quiet(2)], seen: quick }),
    'node 0, the master: node 1, 2 has answered too: it came back at offset 10, and had come to 1000, 1000',
  )
  const ofAnother = newborn(0, { offset: 2_000, replid: 'replid-old', persistence: rdb }, named)
  assert.equal(
    waits({ nodes: [ofAnother, quiet(1), newborn(2, { offset: 0, replid: 'replid-x' })], seen: quick }),
    'node 0, the master: node 1 has answered too: it came back on a snapshot of an earlier history, 1000',
  )
  const empty = newborn(0, { keys: 0 }, named)
  assert.equal(
    waits({ nodes: [empty, quiet(1), quiet(2)], seen: quick }),
    'node 0, the master: node 1, 2 has answered too: it came back empty, and had 10 keys, 1000',
  )
})

test('on an append-only file of another history it has all that it had, and nobody is waited for', () => {
  const back = newborn(0, { offset: 10, replid: 'replid-of-today' }, named)
  const quiet = node(1, { probe: { kind: 'busy', reason: 'BUSY' } })
  assert.equal(decide({ spec: { replicas: 1 }, seen: quick, nodes: [back, quiet] }).kind, 'promote')
})

test('a holder of the recorded history that is empty is none', () => {
  const back = newborn(0, { offset: 10, replid: 'replid-old', persistence: rdb }, named)
  const other = (facts: Parameters<typeof newborn>[1]): ObservedNode => newborn(1, { offset: 900, ...facts })
  const kind = (facts: Parameters<typeof newborn>[1]): MasterDecision['kind'] =>
    decide({ spec: { replicas: 1 }, seen: quick, nodes: [back, other(facts)] }).kind
  assert.equal(kind({ replid: 'replid-a' }), 'refused')
  assert.equal(kind({ replid: 'replid-a', keys: 0 }), 'promote')
  assert.equal(kind({ replid: 'replid-b', offset: 5 }), 'promote')
  assert.equal(kind({ replid: 'replid-b', previous: { replid: 'replid-a', untilOffset: 5 } }), 'refused')
  assert.equal(
    kind({ replid: 'replid-b', offset: 5, previous: { replid: 'replid-c', untilOffset: 5 } }),
    'promote',
  )
})

test('what a node was last known to hold counts where the record of the master knows no history', () => {
  const known = memory(0, {
    master: { ordinal: 0, sinceMs: nowMs, lineage: null },
    nodes: [
      nodeRecord(1, { lineage: lineage({ keys: 7, runId: 'run-1' }) }),
      nodeRecord(0, { lineage: lineage({ keys: 3 }) }),
    ],
  })
  const empty = newborn(0, { keys: 0 }, named)
  const decided = decide({ ...lone, memory: known, nodes: [empty] })
  assert.match(
    decided.kind === 'refused' ? decided.refusal.reason : '',
    /was master with 3 keys and came back empty/,
  )
})

test('the old master of a failover that goes on is made sure of, whatever it does instead of answering', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1 })
  const of = (old: ObservedNode, overrides: Partial<Operation> = {}): string =>
    waits({
      spec: { replicas: 1 },
      memory: memory(0, { operation: { ...begun, ...overrides } }),
      nodes: [old, replica(1, { upstream: { link: 'down' } })],
      seen: quick,
    })
  const answers = (reason: string): string =>
    `node 1, the master: node 0, the old one, answers (${reason}), 1000`
  assert.equal(
    of(node(0, { container: { state: 'restarting' } })),
    'node 1, the master: node 0, the old one, answers: it was started a moment ago, 20',
  )
  assert.equal(of(node(0, { address: null })), answers('detached'))
  assert.equal(of(node(0, { probe: { kind: 'busy', reason: 'BUSY' } })), answers('busy'))
  assert.equal(
    of(node(0, { probe: { kind: 'denied', cause: 'other', reason: 'full' } })),
    answers('auth-failure'),
  )
  assert.equal(of(node(0, { probe: silent, unreachableSinceMs: 1 })), 'fence')
  assert.equal(of(node(0, { container: { state: 'paused' } })), 'fence')
  assert.equal(of(stopped(0)), 'promote')
  assert.equal(of(newborn(0)), 'promote')
  // Of no other operation is there an old master that somebody may have started.
  for (const other of [{ kind: 'restart', from: 0 }, { from: null }] as const)
    assert.equal(of(node(0, { address: null }), other), 'promote')
})

test('an operation is written down with what it answers, from whom and for whom', () => {
  const input = planInput({ memory: memory(0, { request: request() }) })
  const promoted = { ordinal: 2, kind: 'failover', reason: 'it was asked for' } as const
  assert.deepEqual(operationFor(input, { ...promoted, troubleAtMs: nowMs - 700 }), {
    kind: 'failover',
    phase: 'promoting',
    epoch: 2,
    from: 0,
    to: 2,
    reason: 'it was asked for',
    troubleAtMs: nowMs - 700,
    startedAtMs: nowMs,
    requestId: 'request-1',
  })
  const unrequested = operationFor(planInput({ memory: memory(null) }), promoted)
  assert.deepEqual(
    [unrequested.from, unrequested.troubleAtMs, unrequested.requestId, unrequested.epoch],
    [null, nowMs, null, 1],
  )
})

test('an operation under way is kept: only whom it chooses is new when the old master is made sure of', () => {
  const fencing = operation({ kind: 'failover', phase: 'fencing', from: 0, to: 1, reason: 'it hung' })
  const of = (begun: Operation, ordinal: number): Operation =>
    operationFor(planInput({ memory: memory(0, { operation: begun }) }), {
      ordinal,
      kind: 'restart',
      reason: 'as of now',
    })
  assert.deepEqual(of(fencing, 2), { ...fencing, phase: 'promoting', to: 2, reason: 'as of now' })
  const promoting = operation({ kind: 'failover', from: 0, to: 1 })
  assert.deepEqual(of(promoting, 1), promoting)
  assert.deepEqual(of(promoting, 2).kind, 'restart')
})

test('what a failover answers and what is gone by a cold start is written down', () => {
  const dead = stopped(0, { name: 'shop-master' })
  const drained = replica(1, { upstream: { link: 'down', linkDownSeconds: 0 } })
  const decided = decide({
    spec: { replicas: 1 },
    memory: witnessed([1]),
    nodes: [dead, drained],
    seen: quick,
  })
  assert.equal(decided.kind === 'promote' ? decided.troubleAtMs : null, nowMs - 100)
  const cold = decide({
    spec: { replicas: 1, persistence: defaultPersistence('none') },
    nodes: [newborn(0, { keys: 0 }, named), newborn(1, { keys: 0 })],
    seen: quick,
  })
  assert.equal(cold.kind === 'promote' ? cold.lostKeys : null, 10)
})

test('a replica that loads its data has not said yet what it holds', () => {
  const loading = node(1, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica', keys: 0 }) } })
  const empty = newborn(0, { keys: 0 }, named)
  assert.match(
    waits({ spec: { replicas: 1 }, nodes: [empty, loading], seen: quick }),
    /node 1 has answered too/,
  )
  const answering = node(1, { probe: answered({ role: 'replica', keys: 0 }) })
  assert.doesNotMatch(
    waits({ spec: { replicas: 1 }, nodes: [empty, answering], seen: quick }),
    /has answered too/,
  )
})

test('a node without a container may hold what its volume holds, also where nobody looked', () => {
  const empty = newborn(0, { keys: 0 }, named)
  const of = (seen: Case['seen']): string =>
    waits({ spec: { replicas: 1 }, nodes: [empty], ...(seen === undefined ? {} : { seen }) })
  assert.match(of({ resources: resources({ volumes: ['shop-0', 'shop-1'] }) }), /node 1 has answered too/)
  assert.match(of(quick), /node 1 has answered too/)
  assert.equal(of({ resources: resources({ volumes: ['shop-0'] }) }), 'refused')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { decideFailover } from '../../../../src/reconciler/plan/master/failover.js'
import type { MasterDecision } from '../../../../src/reconciler/plan/master/master-decision.js'
import {
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
  spec,
  stopped,
  witnessed,
  type Case,
} from '../../support/world.js'

/**
 * What is decided about the place of node 0, the recorded master, as data: a plan as text shows neither when
 * trouble began nor for whom it is answered.
 */
function decide(facts: Case): MasterDecision | null {
  const input = planInput({ seen: { resources: null }, ...facts })
  const { wanted, excess } = membersOf(input, 0)
  return decideFailover(input, [...wanted, ...excess], 0)
}

/** `kind of whom`, and for an intent whether the old master is killed and who looks best. */
function told(decided: MasterDecision | null): string {
  if (decided === null) return 'no matter for a failover'
  switch (decided.kind) {
    case 'fence':
      return `${decided.kill ? 'kill' : 'drain'} ${decided.ordinal} for ${decided.operation.to}`
    case 'promote':
      return `promote ${decided.ordinal}: ${decided.reason}`
    case 'refused':
      return `${decided.refusal.code}: ${decided.refusal.reason} / ${decided.refusal.remedy}`
    case 'reject':
    case 'abort':
      return `${decided.kind}: ${decided.reason}`
    case 'pending':
      return `pending: ${decided.waits.map(wait => `${wait.what}, ${wait.recheckInMs}`).join('; ')}`
    default:
      return decided.kind
  }
}

const dead = stopped(0, { name: 'shop-master' })
const lost = (ordinal: number, facts: Parameters<typeof replica>[1] = {}): ObservedNode =>
  replica(ordinal, { ...facts, upstream: { link: 'down', ...facts.upstream } })
const quiet = (ordinal: number): ObservedNode => node(ordinal, { probe: { kind: 'busy', reason: 'BUSY' } })
const hung = node(0, {
  container: { name: 'shop-master' },
  probe: { kind: 'hung', reason: 'nothing', lastByteAtMs: null },
  unreachableSinceMs: nowMs - 6_000,
})
const heard = (ordinal: number): ObservedNode => replica(ordinal, { upstream: { lastIoSeconds: 6 } })
const one = { spec: { replicas: 1 } }

test('the intent says whom, from whom, since when, and for whom it was asked', () => {
  const intent = (facts: Case) => {
    const decided = decide(facts)
    return decided?.kind === 'fence' ? decided.operation : assert.fail(told(decided))
  }
  const nodes = [hung, heard(1)]
  assert.deepEqual(intent({ ...one, memory: witnessed([1]), nodes }), {
    kind: 'failover',
    phase: 'fencing',
    epoch: 2,
    from: 0,
    to: 1,
    reason: 'node 0, the master, gives no sign of life for 6 s, and no replica hears from it',
    troubleAtMs: nowMs - 6_000,
    startedAtMs: nowMs,
    requestId: null,
  })
  assert.equal(
    intent({ ...one, memory: witnessed([1], { request: request() }), nodes }).requestId,
    'request-1',
  )
  const underWay = operation({ kind: 'failover', phase: 'fencing', to: 2 })
  assert.deepEqual(intent({ ...one, memory: witnessed([1], { operation: underWay }), nodes }), underWay)
})

test('a replica that was in sync and still reads what the dead master sent is waited for, eligible or not', () => {
  const reading = replica(1, { upstream: { syncing: true } })
  const of = (nodes: readonly ObservedNode[], known = witnessed([1])): string =>
    told(decide({ ...one, memory: known, nodes }))
  assert.equal(of([dead, reading]), 'drain 0 for 1')
  // Its link is down, it follows somebody else, it is another process than the one that was in sync, or
  // nobody was.
  const held =
    /^NoSafeCandidate: node 0, the master, has ended with exit code 137, and no replica may take its place/
  assert.match(of([dead, lost(1, { upstream: { syncing: true } })]), held)
  assert.match(of([dead, replica(1, { upstream: { syncing: true, host: 'elsewhere' } })]), held)
  assert.match(of([dead, replica(1, { runId: 'another', upstream: { syncing: true } })]), held)
  assert.match(
    of([dead, reading], memory(0, { nodes: [nodeRecord(2, { lineage: lineage({ runId: 'run-1' }) })] })),
    held,
  )
  assert.match(of([dead, reading], memory(0, { nodes: [nodeRecord(1, { lineage: null })] })), held)
  // It had its time.
  const begun = operation({ kind: 'failover', phase: 'fencing', to: 1, startedAtMs: nowMs - 500 })
  assert.match(of([dead, reading], witnessed([1], { operation: begun })), held)
  // A master that only hangs may send more, and one that was restarted has nothing left to be read.
  assert.match(of([hung, replica(1, { upstream: { syncing: true, lastIoSeconds: 6 } })]), /^NoSafeCandidate/)
  assert.equal(of([newborn(0), reading]), 'no matter for a failover')
})

test('the drain ends when every replica that can be asked has read to the end', () => {
  const of = (...others: readonly ObservedNode[]): string =>
    told(decide({ spec: { replicas: others.length }, memory: witnessed([1, 2]), nodes: [dead, ...others] }))
  assert.match(of(lost(1), lost(2)), /^promote 1/)
  assert.equal(of(lost(1), replica(2)), 'drain 0 for 1')
  assert.match(of(lost(1), quiet(2)), /^promote 1/)
  assert.match(of(lost(1), replica(2, { upstream: { host: 'elsewhere' } })), /^promote 1/)
  assert.match(of(lost(1), master(2, { keys: 0 })), /^promote 1/)
})

test('without an answer from anybody, or on data that was never in sync, it is no matter for a failover', () => {
  const of = (nodes: readonly ObservedNode[], known = witnessed([1, 2])): string =>
    told(decide({ memory: known, nodes }))
  assert.equal(of([dead, quiet(1), stopped(2)]), 'no matter for a failover')
  assert.equal(of([newborn(0), newborn(1), newborn(2)]), 'no matter for a failover')
  const empty = lost(1, { runId: 'another', keys: 0 })
  assert.equal(of([dead, empty, lost(2, { runId: 'another', keys: 0 })]), 'no matter for a failover')
  assert.match(of([dead, empty, lost(2, { runId: 'another' })]), /^NoSafeCandidate/)
  // One that was in sync, is empty now and lacks what the master had is no copy; one that is as far has seen
  // all of it deleted.
  const emptied = (appliedOffset: number) => lost(1, { keys: 0, upstream: { link: 'down', appliedOffset } })
  const beside = lost(2, { runId: 'another', keys: 0 })
  assert.match(of([dead, emptied(999), beside]), /^NoSafeCandidate/)
  assert.match(of([dead, emptied(1_000), beside]), /^promote 1/)
})

test('where nobody may be promoted, the hold names a node that answers', () => {
  const nodes = [dead, quiet(1), lost(2, { replid: 'another' })]
  assert.match(
    told(decide({ memory: witnessed([1, 2]), nodes })),
    /flotilla failover shop --to 2 --force {3}\(what that node lacks is lost\)$/,
  )
})

test('a failover that was asked for is declined with the reason of each node', () => {
  const of = (
    overrides: Parameters<typeof request>[0],
    nodes: readonly ObservedNode[] = [dead, lost(1, { replicaPriority: 0 }), lost(2)],
  ): string => told(decide({ memory: witnessed([1, 2], { request: request(overrides) }), nodes }))
  const table =
    'node 2 (offset 1000, 10 keys): eligible; node 1 (offset 1000, 10 keys): its replica-priority is 0'
  assert.match(of({}), /^promote 2/)
  assert.match(of({ to: 2 }), /^promote 2/)
  assert.equal(of({ to: 1 }), `reject: node 1 may not be promoted: ${table}`)
  assert.equal(of({ to: 5 }), `reject: node 5 may not be promoted: ${table}`)
  assert.match(of({ to: 1, force: true }), /^promote 1/)
  assert.match(of({ force: true }), /^promote 2/)
  assert.match(of({ force: true }, [dead, lost(1, { replicaPriority: 0 }), newborn(2)]), /^promote 1/)
  assert.match(of({ force: true }, [dead, newborn(1), newborn(2)]), /^reject: no node may be promoted/)
  assert.match(of({ to: 1, force: true }, [dead, quiet(1), lost(2)]), /^reject: node 1 may not be promoted/)
})

test('only a failover is asked for here', () => {
  const of = (kind: 'switchover' | 'take-over'): string =>
    told(
      decide({
        spec: { replicas: 1, failover: { ...spec().failover, mode: 'manual' } },
        memory: witnessed([1], { request: request({ kind }) }),
        nodes: [dead, lost(1)],
      }),
    )
  assert.match(of('switchover'), /^FailoverBlocked/)
  assert.match(of('take-over'), /^FailoverBlocked/)
})

test('by force the master that was restarted is named, if it answers', () => {
  const of = (first: ObservedNode, overrides: Parameters<typeof request>[0]): string =>
    told(decide({ ...one, memory: witnessed([1], { request: request(overrides) }), nodes: [first, lost(1)] }))
  assert.equal(of(newborn(0), { to: 0, force: true }), 'promote 0: it was asked for, whatever is lost')
  assert.match(of(newborn(0), { to: 0 }), /^reject: node 0 may not be promoted/)
  assert.match(of(dead, { to: 0, force: true }), /^reject: node 0 may not be promoted/)
})

test('a master that is well is only killed by force, for a replica that answers', () => {
  const of = (
    overrides: Parameters<typeof request>[0],
    nodes: readonly ObservedNode[] = [master(0), replica(1), replica(2)],
  ): string => told(decide({ memory: witnessed([1, 2], { request: request(overrides) }), nodes }))
  const well =
    'reject: the master is well; to change masters without losing a write: flotilla switchover shop'
  const must = 'reject: with --force on a master that is well, --to must name a replica that answers'
  assert.equal(of({ to: 2 }), well)
  assert.equal(of({ to: 0 }), well)
  assert.equal(of({ to: 2, force: true }), 'kill 0 for 2')
  assert.equal(of({ force: true }), must)
  assert.equal(of({ to: 0, force: true }), 'no matter for a failover')
  assert.equal(of({ to: 2, force: true }, [master(0), replica(1), quiet(2)]), must)
  assert.equal(of({ to: 2, force: true }, [master(0), replica(1), master(2)]), must)
  assert.equal(of({ to: 2, force: true }, [quiet(0), replica(1), replica(2)]), must)
})

test('whoever comes back after it was written down that the master is killed by force kills it', () => {
  const of = (requestId: string, force = true): string =>
    told(
      decide({
        memory: witnessed([1, 2], {
          operation: operation({ kind: 'failover', phase: 'fencing', to: 2, requestId }),
          request: request({ to: 2, force }),
        }),
        nodes: [master(0), replica(1), replica(2)],
      }),
    )
  assert.equal(of('request-1'), 'kill 0 for 2')
  assert.equal(of('request-0'), 'abort: the master is back')
  assert.equal(of('request-1', false), 'abort: the master is back')
})

test('a promotion that got stuck is ended by force, while nobody is master and to a node that has loaded', () => {
  const stuck = operation({ kind: 'failover', phase: 'promoting', to: 1 })
  const of = (nodes: readonly ObservedNode[], overrides: Parameters<typeof request>[0]): string =>
    told(decide({ memory: witnessed([1, 2], { operation: stuck, request: request(overrides) }), nodes }))
  const nodes = [dead, newborn(1, { keys: 0 }), lost(2)]
  assert.equal(of(nodes, { to: 2, force: true }), 'promote 2: it was asked for, whatever is lost')
  assert.equal(of(nodes, { to: 2 }), 'no matter for a failover')
  assert.equal(of(nodes, { to: 7, force: true }), 'no matter for a failover')
  assert.equal(of([dead, newborn(1), quiet(2)], { to: 2, force: true }), 'no matter for a failover')
  assert.equal(of([dead, master(1), lost(2)], { to: 2, force: true }), 'no matter for a failover')
  assert.equal(of([dead, master(1), lost(2)], { to: 1, force: true }), 'no matter for a failover')
  const loading = node(2, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica' }) } })
  assert.equal(of([dead, newborn(1), loading], { to: 2, force: true }), 'no matter for a failover')
})

test('an unexpected master that has writes of its own is for a person before anybody is promoted beside it', () => {
  const unexpectedMaster = (facts: Parameters<typeof master>[1]): ObservedNode =>
    master(2, { replid: 's', ...facts }, { container: { name: 'shop-replica-2' } })
  const of = (facts: Parameters<typeof master>[1]): string =>
    told(decide({ memory: witnessed([1]), nodes: [dead, lost(1), unexpectedMaster(facts)] }))
  assert.match(of({ previous: null }), /^UnexpectedMaster: node 2/)
  assert.match(of({ previous: { replid: 'replid-a', untilOffset: 1_001 } }), /^promote 1/)
  assert.match(of({ previous: null, keys: 0 }), /^promote 1/)
})

test('within the restart window the end of a master is waited for, the hang of one is not', () => {
  const failover = { ...spec().failover, restartWindowMs: 250 }
  const of = (first: ObservedNode, other: ObservedNode): string =>
    told(decide({ spec: { replicas: 1, failover }, memory: witnessed([1]), nodes: [first, other] }))
  const what = 'node 0, the master, is back within 1 s (spec.failover.restartWindow)'
  assert.equal(of(dead, lost(1)), `pending: ${what}, 100`)
  const exit = { code: 1, oomKilled: false, atMs: nowMs - 200, error: null }
  assert.equal(of(stopped(0, { container: { exit } }), lost(1)), `pending: ${what}, 50`)
  const over = { ...exit, atMs: nowMs - 250 }
  assert.match(of(stopped(0, { container: { exit: over } }), lost(1)), /^promote 1/)
  const window = { ...failover, restartWindowMs: 60_000 }
  assert.equal(
    told(
      decide({ spec: { replicas: 1, failover: window }, memory: witnessed([1]), nodes: [hung, heard(1)] }),
    ),
    'kill 0 for 1',
  )
})

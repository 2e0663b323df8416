import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import type { MasterDecision } from '../../../../src/reconciler/plan/master/master-decision.js'
import { membersOf, planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { lagBytesMax } from '../../../../src/reconciler/plan/master/change-of-master.js'
import { decideSwitchover, rankTargets } from '../../../../src/reconciler/plan/master/switchover.js'
import {
  lineage,
  master,
  memory,
  newborn,
  node,
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

/** Node 0 is active, and is to hand over, or was handing over to node 1 when Flotilla died. */
function decide(facts: Case): MasterDecision | null {
  const input = planInput({ spec: { replicas: 2 }, seen: { resources: null }, ...facts })
  const { wanted, excess } = membersOf(input, 0)
  return decideSwitchover(input, [...wanted, ...excess], 0)
}

function told(decided: MasterDecision | null): string {
  if (decided === null) return 'to be judged like any master'
  switch (decided.kind) {
    case 'switchover':
      return `hand over to ${decided.to}`
    case 'fence':
      return `${decided.kill ? 'kill' : 'drain'} ${decided.ordinal}`
    case 'promote':
      return `promote ${decided.ordinal} (${decided.operationKind}): ${decided.reason}`
    case 'reject':
    case 'abort':
      return `${decided.kind}: ${decided.reason}`
    case 'pending':
      return decided.waits.map(wait => `${wait.what}, ${wait.recheckInMs}`).join('; ')
    default:
      return decided.kind
  }
}

const busy = (ordinal: number): ObservedNode => node(ordinal, { probe: { kind: 'busy', reason: 'BUSY' } })
const asked = (overrides: Parameters<typeof request>[0] = {}) =>
  memory(0, { request: request({ kind: 'switchover', ...overrides }) })

test('a switchover is written down for whom it was asked', () => {
  const decided = decide({ memory: asked({ to: 2 }), nodes: [master(0), replica(1), replica(2)] })
  assert.deepEqual(decided?.kind === 'switchover' ? decided.operation : decided, {
    kind: 'switchover',
    phase: 'switching',
    epoch: 2,
    from: 0,
    to: 2,
    reason: 'it was asked for',
    troubleAtMs: nowMs,
    startedAtMs: nowMs,
    requestId: 'request-1',
  } satisfies Operation)
})

test('nothing is handed over that nobody asked for, nor while another operation is under way', () => {
  const nodes = [master(0), replica(1), replica(2)]
  assert.equal(decide({ nodes }), null)
  assert.equal(decide({ memory: asked({ kind: 'failover' }), nodes }), null)
  assert.equal(decide({ memory: { ...asked(), operation: operation() }, nodes }), null)
})

test('targets are in order: who may, then who has come furthest, then the lower ordinal; who knows no offset last', () => {
  const at = (ordinal: number, appliedOffset: number | null, replicaPriority = 100): ObservedNode =>
    replica(ordinal, { replicaPriority, upstream: { appliedOffset } })
  const nodes = [
    ...[at(8, null), at(7, 0, 0), at(6, 950, 0), at(5, 900), at(4, 900)],
    ...[at(3, 990), at(2, 999, 0), master(0)],
  ]
  const input = planInput({ spec: { replicas: 7 }, nodes })
  const there = membersOf(input, 0).wanted.filter(one => one.seen !== null)
  const activeMaster = there.find(one => one.ordinal === 0)
  for (const all of [there, there.toReversed()])
    assert.deepEqual(
      rankTargets(all, activeMaster, { lastChoices: [], priority: {} }).map(one => one.ordinal),
      [3, 4, 5, 2, 6, 7, 8],
    )
  assert.deepEqual(
    rankTargets(there, activeMaster, { lastChoices: [3, 2], priority: {} }).map(one => one.ordinal),
    [4, 5, 3, 6, 7, 8, 2],
    'each catches up before it is promoted, so who keeps crashing comes last',
  )
})

test('why nothing is handed over is told', () => {
  const reason = (nodes: readonly ObservedNode[], overrides: Parameters<typeof request>[0] = {}): string => {
    const decided = decide({ memory: asked(overrides), nodes })
    return decided?.kind === 'reject' ? decided.reason.replace(/ \(.*/, '') : told(decided)
  }
  const activeMaster = master(0, { offset: 1_000 + lagBytesMax })
  assert.equal(reason([master(0, { keys: 0 }), replica(1, { keys: 0 }), busy(2)]), 'hand over to 1')
  assert.equal(reason([activeMaster, replica(1), busy(2)]), 'hand over to 1')
  assert.equal(
    reason([activeMaster, replica(1, { upstream: { appliedOffset: 999 } }), busy(2)]),
    `node 1: it lags ${lagBytesMax + 1} bytes behind`,
  )
  assert.equal(
    reason([master(0), replica(1, { upstream: { appliedOffset: null } }), busy(2)]),
    'node 1: its offset is not known',
  )
  assert.equal(reason([master(0), busy(1), busy(2)], { to: 2 }), 'node 2: it is not in sync with the master')
  assert.equal(
    reason([busy(0), replica(1), replica(2)]),
    'there is no active master to switch over from; if it is dead, use flotilla failover',
  )
  assert.equal(reason([master(0), replica(1), replica(2)], { to: 0 }), 'node 0 is the master already')
  assert.equal(reason([master(0), replica(1), replica(2)], { to: 9 }), 'there is no node 9')
  assert.equal(
    reason([master(0), replica(1), master(2)]),
    'node 2 says that it is master too; see UnexpectedMaster',
  )
})

test('a target that is on its way into sync is waited for, and the plan says so', () => {
  const ways: readonly (readonly [ObservedNode, string])[] = [
    [replica(1, { upstream: { syncing: true } }), 'syncing'],
    [replica(1, { upstream: { link: 'down' } }), 'syncing'],
    [replica(1, { keys: 0 }), 'it is still empty'],
    [newborn(1), 'wrong-upstream'],
  ]
  for (const [target, state] of ways)
    for (const to of [1, null]) {
      const facts: Case = { memory: asked({ to }), nodes: [master(0), target], spec: { replicas: 1 } }
      assert.equal(decide({ ...facts }), null)
      const { waits, stages } = planFlotilla(planInput(facts))
      assert.ok(
        waits.some(
          ({ what }) => what === `node 1 is in sync with the master (${state}): then it becomes master to it`,
        ),
        JSON.stringify(waits),
      )
      assert.ok(!stages.flat().some(({ kind }) => kind === 'complete-request' || kind === 'begin-operation'))
    }
})

test('nobody waits for a target where another one can have it, nor for one that is not coming', () => {
  const syncing = replica(1, { upstream: { syncing: true } })
  assert.equal(
    told(decide({ memory: asked({ to: null }), nodes: [master(0), syncing, replica(2)] })),
    'hand over to 2',
  )
  const gone = decide({ memory: asked({ to: 2 }), nodes: [master(0), syncing, stopped(2)] })
  assert.match(told(gone), /^reject: node 2: it is not in sync with the master \(stopped\)/)
})

const switching = operation({
  kind: 'switchover',
  phase: 'switching',
  from: 0,
  to: 1,
  reason: 'it was asked for',
  startedAtMs: nowMs - 10_000,
})
const resumed = (nodes: readonly ObservedNode[], overrides: Partial<Operation> = {}): string =>
  told(decide({ memory: witnessed([1, 2], { operation: { ...switching, ...overrides } }), nodes }))
/** It has stepped down, and follows node 1. */
const demoted = (facts: Parameters<typeof replica>[1] = {}): ObservedNode =>
  replica(
    0,
    { ...facts, upstream: { host: 'shop-1', ...facts.upstream } },
    { container: { name: 'shop-master' } },
  )
const since = { container: { startedAtMs: nowMs - 5_000 } }

test('a switchover that was cut short is carried on with the process that had caught up', () => {
  const on = 'promote 1 (switchover): it was asked for (resumed)'
  assert.equal(resumed([demoted(), replica(1)]), on)
  assert.equal(resumed([stopped(0), replica(1)]), on)
  assert.equal(resumed([node(0, { container: { state: 'removing' } }), replica(1)]), on)
  assert.equal(resumed([replica(1)]), on)
  assert.equal(resumed([demoted(), replica(1, {}, { container: { startedAtMs: nowMs - 10_000 } })]), on)
  assert.equal(
    resumed([master(0), replica(1)]),
    'abort: it was interrupted half way, and the old master is still there',
  )
})

test('an old master that says nothing is made sure of before it is carried on', () => {
  const wait = (ms: number): string => `node 0, which was handing over, answers or its container ends, ${ms}`
  const starting = node(0, { container: { state: 'restarting' } })
  assert.equal(resumed([busy(0), replica(1)]), wait(250))
  assert.equal(resumed([starting, replica(1)]), wait(20))
  const hung = node(0, {
    probe: { kind: 'hung', reason: 'nothing', lastByteAtMs: null },
    unreachableSinceMs: nowMs - 6_000,
  })
  assert.equal(resumed([hung, replica(1, { upstream: { lastIoSeconds: 6 } })]), 'kill 0')
  const refusing = node(0, {
    probe: { kind: 'refused', reason: 'ECONNREFUSED' },
    unreachableSinceMs: nowMs - 300,
  })
  assert.equal(
    resumed([refusing, replica(1, { upstream: { link: 'down' } })]),
    'promote 1 (switchover): it was asked for (resumed)',
  )
})

/** `or`: whom a person may name instead. */
function waitsFor(target: number, { or }: { readonly or?: number } = {}): string {
  const instead =
    or === undefined ? '' : `, or you give up what it alone holds: flotilla failover shop --to ${or} --force`
  return `node ${target}, the target of the switchover, is back${instead}, 250`
}

test('by force another node takes the place of a target that does not come back, the old master out of the way first', () => {
  const forced = (to: number, nodes: readonly ObservedNode[]): string =>
    told(
      decide({
        memory: witnessed([1, 2], {
          operation: switching,
          request: request({ kind: 'failover', to, force: true }),
        }),
        nodes,
      }),
    )
  const promoted = (to: number): string => `promote ${to} (failover): it was asked for, whatever is lost`
  const moved = demoted({ replid: 'replid-of-the-target' })
  assert.equal(forced(0, [moved, stopped(1), replica(2)]), promoted(0))
  assert.equal(forced(2, [moved, stopped(1), replica(2)]), promoted(2))
  assert.equal(forced(2, [stopped(0), stopped(1), replica(2)]), promoted(2))
  assert.match(forced(2, [busy(0), stopped(1), replica(2)]), /^node 0, which was handing over, answers/)
  assert.equal(forced(2, [stopped(0), stopped(1), stopped(2)]), waitsFor(1))
})

test('where the target is gone the old master is active again, if no client can have got to the target', () => {
  const back =
    'promote 0 (switchover): node 1, to which it was handing over, is gone; it has everything that was written'
  for (const gone of [stopped(1), busy(1)]) {
    assert.equal(resumed([demoted(), gone]), back)
    assert.equal(resumed([demoted({ replid: 'replid-of-the-target' }), gone]), waitsFor(1, { or: 0 }))
    assert.equal(resumed([stopped(0), gone]), waitsFor(1))
  }
  assert.equal(resumed([demoted(), newborn(1, {}, since)]), back)
  assert.equal(resumed([stopped(1)]), waitsFor(1))
  const loading = node(1, {
    probe: {
      kind: 'loading',
      facts: redisFacts({
        role: 'replica',
        loading: { loadedBytes: 1, totalBytes: 2, etaSeconds: 1 },
      }),
    },
  })
  assert.equal(resumed([demoted({ replid: 'replid-of-the-target' }), loading]), waitsFor(1, { or: 0 }))
})

test('a history that nobody has written down proves nothing', () => {
  const known = memory(0, { master: { ordinal: 0, sinceMs: 0, lineage: null }, operation: switching })
  assert.equal(told(decide({ memory: known, nodes: [demoted(), stopped(1)] })), waitsFor(1, { or: 0 }))
  const unrecorded = memory(null, { operation: switching })
  assert.equal(told(decide({ memory: unrecorded, nodes: [demoted(), stopped(1)] })), waitsFor(1, { or: 0 }))
})

test('when all were restarted the name tells where was written, unless its holder came back with nothing', () => {
  const again = (facts: Parameters<typeof newborn>[1], name = 'shop-master'): ObservedNode =>
    newborn(0, facts, { container: { name, ...since.container } })
  const target = (keys: number, name = 'shop-replica-1'): ObservedNode =>
    newborn(1, { keys }, { container: { name, ...since.container } })
  const here =
    'promote 0 (switchover): all nodes were restarted, and the name had not changed hands: whatever was written was written here'
  const judged = 'to be judged like any master'
  assert.equal(resumed([again({}), target(10)]), here)
  assert.equal(resumed([again({ keys: 0 }), target(0)]), here)
  assert.equal(resumed([again({ keys: 0 }), target(10)]), judged)
  assert.equal(resumed([again({}, 'shop-replica-0'), target(10)]), here)
  assert.equal(resumed([again({}, 'shop-replica-0'), target(10, 'shop-master')]), judged)
  assert.equal(resumed([again({}, 'shop-replica-0'), target(10, 'shop-MASTER')]), judged)
  assert.equal(resumed([busy(0), target(10)]), judged)
  assert.equal(resumed([target(10)]), judged)
  const loading = node(0, {
    container: { name: 'shop-master' },
    probe: {
      kind: 'loading',
      facts: redisFacts({
        role: 'replica',
        replid: 'another',
        loading: { loadedBytes: 1, totalBytes: 2, etaSeconds: 1 },
      }),
    },
  })
  assert.equal(resumed([loading, target(10)]), judged)
})

test('when both ends were restarted and neither has what another node has, the switchover is aborted', () => {
  const aborted = 'abort: the name had not changed hands, and node 1, the target, was restarted'
  const ends = (facts: Parameters<typeof newborn>[1], target: typeof facts = facts) => [
    newborn(0, facts, { container: { name: 'shop-master', ...since.container } }),
    newborn(1, target, since),
  ]
  const holder = replica(2, { offset: 900, upstream: { link: 'down' } })
  assert.equal(resumed([...ends({ keys: 0 }), holder]), aborted)
  assert.equal(resumed([...ends({ replid: 'replid-a', offset: 500 }), holder]), aborted)
  assert.equal(resumed([...ends({ keys: 0 }, { replid: 'replid-a', offset: 500 }), holder]), aborted)
  assert.equal(
    resumed([...ends({ keys: 0 }, { replid: 'replid-a', offset: 950 }), holder]),
    'to be judged like any master',
  )
})

test('a target that does not come back is not waited for without end where nothing has changed hands', () => {
  const early = { startedAtMs: nowMs - 40_000 }
  const again = newborn(0, {}, { container: { name: 'shop-master', startedAtMs: nowMs - 30_000 } })
  const aborted = 'abort: the name had not changed hands, and node 1, the target, does not come back'
  assert.equal(resumed([again, stopped(1)], early), aborted)
  assert.equal(resumed([again], early), aborted)
  const waited = waitsFor(1, { or: 0 })
  assert.equal(resumed([again, busy(1)], early), waited)
  const young = newborn(0, {}, { container: { name: 'shop-master', startedAtMs: nowMs - 29_000 } })
  assert.equal(resumed([young, stopped(1)], early), waited)
  const renamed = newborn(0, {}, { container: { name: 'shop-replica-0', startedAtMs: nowMs - 30_000 } })
  assert.equal(resumed([renamed, stopped(1, { name: 'shop-master' })], early), waited)
  assert.equal(resumed([renamed], early), waited)
})

test('what was known when it began is what counts', () => {
  const known = witnessed([1, 2], {
    operation: switching,
    master: { ordinal: 0, sinceMs: 0, lineage: lineage({ replid: 'replid-b' }) },
  })
  assert.equal(
    told(decide({ memory: known, nodes: [demoted({ replid: 'replid-b' }), stopped(1)] })),
    'promote 0 (switchover): node 1, to which it was handing over, is gone; it has everything that was written',
  )
})

test('a switchover goes to the lowest priority, whoever is further, and never to one of 0', () => {
  const nodes = [master(0, { offset: 1_000 }), replica(1, { upstream: { appliedOffset: 1_000 } }), replica(2)]
  const to = (priority: Readonly<Record<string, number>>, wanted: number | null = null): string =>
    told(
      decide({
        memory: memory(0, { request: request({ kind: 'switchover', to: wanted }) }),
        spec: { failover: { ...spec().failover, priority } },
        nodes,
      }),
    )
  assert.equal(to({ 2: 10 }), 'hand over to 2')
  assert.equal(to({ 1: 0 }), 'hand over to 2')
  assert.match(to({ 1: 0 }, 1), /node 1: its priority is 0/)
})

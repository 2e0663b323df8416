import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink } from '../../../src/events/catalogue.js'
import { decide } from '../../../src/reconciler/plan/plan-flotilla.js'
import { computeStatus } from '../../../src/reconciler/report/compute-status.js'
import { publishChanges } from '../../../src/reconciler/report/publish-changes.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import {
  follower,
  master,
  memory,
  nothingThere,
  nowMs,
  planInput,
  replica,
  settledNodes,
  stopped,
  type Case,
} from '../support/world.js'

function statusOf(facts: Case, previous: FlotillaStatus | null = null): FlotillaStatus {
  const input = planInput(facts)
  return computeStatus(input, decide(input), { specProblem: null, failure: null, previous })
}

/** The codes of the events, with the fields that tell them apart. */
function told(before: FlotillaStatus | null, now: FlotillaStatus): string[] {
  const events: string[] = []
  const sink: EventSink = {
    publish(code, fields) {
      const { node, to, hold, condition, status } = fields as Readonly<
        Record<string, string | number | boolean | null>
      >
      const about = [node, to, hold, condition, status].filter(one => one !== undefined)
      events.push([code, ...about].join(' '))
    },
  }
  publishChanges(sink, before, now, 0)
  return events
}

const settled: Case = { nodes: settledNodes(), seen: { resources: null } }
const ready = statusOf(settled)
const withoutOne: Case = { nodes: [master(0, { followers: [follower(2)] }), stopped(1), replica(2)] }
const degraded = statusOf(withoutOne, ready)

test('while nothing changes nothing is told', () => {
  assert.deepEqual(told(ready, statusOf(settled, ready)), [])
  assert.deepEqual(told(degraded, statusOf(withoutOne, degraded)), [])
})

test('offsets that move are no news', () => {
  const moved = [
    master(0, { offset: 5_000, followers: [1, 2].map(follower) }),
    ...[1, 2].map(ordinal => replica(ordinal, { offset: 4_900, upstream: { appliedOffset: 4_900 } })),
  ]
  assert.deepEqual(told(ready, statusOf({ ...settled, nodes: moved }, ready)), [])
})

test('a crash is told once, with what it means', () => {
  assert.deepEqual(told(ready, degraded), [
    'node.died 1',
    'node.offline 1',
    'condition.changed Ready False',
    'condition.changed Progressing True',
    'condition.changed Degraded True',
    'condition.changed ReplicationHealthy False',
    'flotilla.phase Degraded',
  ])
})

test('a node that the kernel has ended for lack of memory is named, once', () => {
  const ended = (oomKilled: boolean) => ({
    ...degraded,
    nodes: degraded.nodes.map(node =>
      node.lastExit === null ? node : { ...node, lastExit: { ...node.lastExit, oomKilled } },
    ),
  })
  assert.ok(told(ready, ended(true)).includes('node.oom-killed 1'))
  assert.ok(!told(ready, ended(false)).includes('node.oom-killed 1'))
  assert.ok(!told(ended(true), ended(true)).includes('node.oom-killed 1'))
})

test('its return is told once', () => {
  assert.deepEqual(told(degraded, statusOf(settled, degraded)), [
    'node.online 1',
    'condition.changed Ready True',
    'condition.changed Progressing False',
    'condition.changed Degraded False',
    'condition.changed ReplicationHealthy True',
    'flotilla.phase Ready',
    'flotilla.ready',
  ])
})

test('a first look tells what is there, and of conditions only those that are true', () => {
  const first = statusOf({ memory: memory(null), seen: { resources: nothingThere } })
  assert.deepEqual(told(null, first), ['condition.changed Progressing True', 'flotilla.phase Creating'])
  assert.deepEqual(told(null, ready), [
    'node.online 0',
    'node.online 1',
    'node.online 2',
    'condition.changed Ready True',
    'condition.changed MasterAvailable True',
    'condition.changed WritesAccepted True',
    'condition.changed ReplicationHealthy True',
    'condition.changed ConfigApplied True',
    'condition.changed PersistenceApplied True',
    'flotilla.phase Ready',
    'flotilla.ready',
  ])
})

test('a new generation that is Ready at once is told, without a change of phase', () => {
  const next = statusOf({ ...settled, memory: memory(0, { generation: 2 }) }, ready)
  assert.deepEqual(told(ready, next), ['flotilla.ready'])
})

test('a node that is not wanted any more, and gone, is told as removed', () => {
  const smaller = statusOf({ ...settled, spec: { replicas: 1 }, nodes: settledNodes(1) }, ready)
  assert.deepEqual(told(ready, smaller), ['node.removed 2'])
})

test('a node with another address has moved', () => {
  const [zero, one, two] = settledNodes()
  assert.ok(zero !== undefined && one !== undefined && two !== undefined)
  const moved = { ...two, address: { host: '10.0.0.99', port: 6379 } }
  assert.deepEqual(told(ready, statusOf({ ...settled, nodes: [zero, one, moved] }, ready)), [
    'node.address-changed 2 10.0.0.99:6379',
  ])
})

test('a hold is told once, however its numbers grow, and its end too', () => {
  const unexpectedMaster = (offset: number) =>
    master(
      1,
      { replid: 'replid-s', previous: { replid: 'replid-a', untilOffset: 1_001 }, offset },
      { container: { name: 'shop-replica-1' } },
    )
  const heldAt = (offset: number, previous: FlotillaStatus): FlotillaStatus =>
    statusOf(
      { nodes: [master(0, { followers: [follower(2)] }), unexpectedMaster(offset), replica(2)] },
      previous,
    )
  const held = heldAt(1_100, ready)
  assert.ok(told(ready, held).includes('flotilla.held UnexpectedMaster'))
  assert.deepEqual(told(held, heldAt(1_200, held)), [])
  assert.ok(told(held, statusOf(settled, held)).includes('flotilla.released UnexpectedMaster'))
})

test('a run that was known to have ended is not told again after a restart of Flotilla', () => {
  const again = statusOf({ ...withoutOne, seen: { atMs: nowMs + 5_000 } }, degraded)
  assert.deepEqual(told(degraded, again), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import { computeStatus } from '../../../src/reconciler/report/compute-status.js'
import type { StatusContext } from '../../../src/reconciler/report/overall-state.js'
import { conditionTypes, type ConditionType, type FlotillaStatus } from '../../../src/model/status.js'
import { specHashLabel } from '../../../src/runtime/labels.js'
import {
  container,
  follower,
  historyEntry,
  lineage,
  master,
  memory,
  newborn,
  node,
  nothingThere,
  nowMs,
  planInput,
  redisFacts,
  replica,
  request,
  resources,
  settledNodes,
  stopped,
  type Case,
} from '../support/world.js'
import type { TlsView } from '../../../src/model/tls-view.js'

function statusOf(facts: Case, context: Partial<StatusContext> = {}): FlotillaStatus {
  const input = planInput(facts)
  return computeStatus(input, decide(input), {
    specProblem: null,
    failure: null,
    previous: null,
    ...context,
  })
}

const condition = (status: FlotillaStatus, type: ConditionType) => {
  const found = status.conditions.find(one => one.type === type)
  assert.ok(found !== undefined, `no condition ${type}`)
  return found
}

const settled: Case = { nodes: settledNodes(), seen: { resources: null } }
const ready = statusOf(settled)
const later = (facts: Case, laterMs: number): Case => ({
  ...facts,
  seen: { ...facts.seen, atMs: nowMs + laterMs },
})

test('a settled flotilla is Ready, and says of which generation', () => {
  assert.equal(ready.phase, 'Ready')
  assert.equal(ready.reason, 'a master and 2 of 2 replicas online')
  assert.equal(ready.master, 'shop-master')
  assert.deepEqual([ready.generation, ready.observedGeneration], [1, 1])
})

test('every condition is there, in every phase', () => {
  for (const status of [ready, statusOf({ memory: memory(null), seen: { resources: nothingThere } })])
    assert.deepEqual(
      status.conditions.map(one => one.type),
      conditionTypes,
    )
})

test('of a settled flotilla all conditions say that all is well', () => {
  const good = ready.conditions.filter(one => one.status === 'True').map(one => one.type)
  assert.deepEqual(good, [
    'Ready',
    'MasterAvailable',
    'WritesAccepted',
    'ReplicationHealthy',
    'ConfigApplied',
    'PersistenceApplied',
  ])
})

test('a flotilla that has never been Ready is Creating', () => {
  const status = statusOf({ memory: memory(null), seen: { resources: nothingThere } })
  assert.equal(status.phase, 'Creating')
  assert.equal(status.master, null)
  assert.deepEqual(
    status.nodes.map(({ name, health }) => `${name} ${health}`),
    ['shop-replica-0 absent', 'shop-replica-1 absent', 'shop-replica-2 absent'],
  )
})

test('a flotilla that was Ready and misses a replica is Degraded, not Creating', () => {
  const status = statusOf(
    { nodes: [master(0, { followers: [follower(2)] }), stopped(1), replica(2)] },
    { previous: ready },
  )
  assert.equal(status.phase, 'Degraded')
  assert.equal(status.reason, 'start shop-replica-1: it ended with exit code 137')
  assert.equal(condition(status, 'Degraded').message, '1 of 2 replicas online: node 1 is stopped')
  assert.equal(condition(status, 'ReplicationHealthy').status, 'False')
  assert.equal(condition(status, 'MasterAvailable').status, 'True')
})

test('what is refused, a switchover and a password that retires leave a flotilla Ready', () => {
  const asked = (overrides: Parameters<typeof request>[0]): Case => ({
    ...settled,
    memory: memory(0, { request: request(overrides) }),
  })
  const chores = [
    asked({ kind: 'switchover', to: 9 }),
    asked({ kind: 'switchover', to: 1 }),
    asked({ kind: 'failover' }),
    asked({ kind: 'take-over' }),
  ]
  for (const chore of chores) {
    const status = statusOf(later(chore, 1_000), { previous: ready })
    assert.notDeepEqual(status.doing, [])
    assert.equal(status.phase, 'Ready')
    assert.equal(condition(status, 'Degraded').status, 'False')
    assert.deepEqual(
      condition(status, 'Ready').lastTransitionTime,
      condition(ready, 'Ready').lastTransitionTime,
    )
  }
  const retire = { kind: 'retire-passwords', users: ['default'], departed: [], cause: 'it is time' } as const
  const input = planInput(settled)
  const context = { specProblem: null, failure: null, previous: ready }
  const retiring = computeStatus(
    input,
    { ...decide(input), plan: { ...planFlotilla(input), stages: [[retire]] } },
    context,
  )
  assert.equal(retiring.phase, 'Ready')
})

test('a flotilla whose master has not its name is not Ready, and lacks no replica', () => {
  const misnamed = { container: { ...container(0), name: 'by-hand' } }
  const status = statusOf(
    {
      ...settled,
      nodes: [master(0, { followers: [follower(1), follower(2)] }, misnamed), replica(1), replica(2)],
    },
    { previous: ready },
  )
  assert.equal(status.phase, 'Updating')
  assert.equal(condition(status, 'Degraded').status, 'False')
})

test('replicas that connect to the master of a switchover are no redundancy lost; those of a failover are', () => {
  const phaseAfter = (kind: 'switchover' | 'failover', laterMs: number): string =>
    statusOf(
      later(
        {
          memory: memory(0, { history: [historyEntry({ kind, endedAtMs: nowMs })] }),
          nodes: [
            master(0, { followers: [follower(2)] }),
            replica(1, { upstream: { link: 'down' } }),
            replica(2),
          ],
        },
        laterMs,
      ),
      { previous: ready },
    ).phase
  assert.equal(phaseAfter('switchover', 100), 'Updating')
  assert.equal(phaseAfter('switchover', 60_000), 'Degraded')
  assert.equal(phaseAfter('failover', 100), 'Degraded')
})

test('without a master that takes writes it is Unavailable', () => {
  const status = statusOf(
    { nodes: [stopped(0, { name: 'shop-master' }), stopped(1), stopped(2)] },
    { previous: ready },
  )
  assert.equal(status.phase, 'Unavailable')
  assert.equal(condition(status, 'MasterAvailable').reason, 'NoMaster')
})

test('a master that refuses writes is never Ready, and is not failed over from', () => {
  const full = redisFacts().persistence
  const facts: Case = {
    ...settled,
    nodes: settledNodes().map(seen =>
      seen.ordinal === 0
        ? master(0, {
            followers: [follower(1), follower(2)],
            persistence: { ...full, aofLastWriteOk: false },
          })
        : seen,
    ),
  }
  const status = statusOf(facts, { previous: ready })
  assert.equal(status.phase, 'Unavailable')
  assert.match(status.reason, /^node 0 refuses writes: the append-only file .* \(MISCONF /)
  assert.deepEqual(status.doing, [])
  assert.equal(condition(status, 'MasterAvailable').status, 'True')
  const { status: accepted, reason, message } = condition(status, 'WritesAccepted')
  assert.deepEqual([accepted, reason], ['False', 'DiskError'])
  assert.match(message, /Fix: docker exec shop-master df -h \/data/)
})

test('a new generation that is not acted on yet is Updating, and observedGeneration lags behind', () => {
  const status = statusOf(
    { spec: { replicas: 3 }, memory: memory(0, { generation: 2 }), nodes: settledNodes() },
    { previous: ready },
  )
  assert.equal(status.phase, 'Updating')
  assert.deepEqual([status.generation, status.observedGeneration], [2, 1])
})

test('observedGeneration comes up to the generation when that is Ready', () => {
  const status = statusOf({ ...settled, memory: memory(0, { generation: 2 }) }, { previous: ready })
  assert.deepEqual([status.phase, status.observedGeneration], ['Ready', 2])
})

test('what is refused holds the flotilla, with the remedy in its condition', () => {
  const status = statusOf({ nodes: [newborn(0, { keys: 0 }), replica(1), replica(2)] }, { previous: ready })
  assert.equal(status.phase, 'Held')
  assert.match(status.reason, /^DataLossGuard: node 0 was master with 10 keys/)
  const held = condition(status, 'DataLossGuard')
  assert.deepEqual([held.status, held.reason], ['True', 'DataLossGuard'])
  assert.match(held.message, /Fix: flotilla failover shop --to 1 --force$/)
})

test('a roll that is blocked is no hold while everything works', () => {
  const old = {
    container: { labels: { ...container(0).labels, [specHashLabel]: 'hash-before' }, name: 'shop-master' },
  }
  const status = statusOf(
    {
      spec: { replicas: 0 },
      memory: memory(0, { imageTrouble: { image: 'redis:8', reason: 'not found', atMs: nowMs } }),
      nodes: [master(0, {}, old)],
      seen: { resources: resources({ image: null }) },
    },
    { previous: ready },
  )
  assert.equal(status.phase, 'Updating')
  assert.match(condition(status, 'RolloutBlocked').message, /can't be had: not found/)
})

test('an extra node than was asked for is no lack of one, also while it is not in sync', () => {
  const old = {
    container: { labels: { ...container(0).labels, [specHashLabel]: 'hash-before' }, name: 'shop-master' },
  }
  const status = statusOf(
    {
      spec: { replicas: 0 },
      nodes: [master(0, {}, old), replica(1, { upstream: { link: 'down' } })],
      seen: { resources: null },
    },
    { previous: ready },
  )
  assert.equal(status.phase, 'Updating')
  assert.equal(condition(status, 'Degraded').status, 'False')
  assert.equal(condition(status, 'ReplicationHealthy').status, 'True')
})

test('a transition time moves when the status does, and only then', () => {
  const still = statusOf(later(settled, 60_000), { previous: ready })
  assert.deepEqual(
    still.conditions.map(one => one.lastTransitionTime),
    ready.conditions.map(one => one.lastTransitionTime),
  )
  const broken = statusOf(
    later({ nodes: [master(0, { followers: [follower(2)] }), stopped(1), replica(2)] }, 60_000),
    { previous: ready },
  )
  assert.equal(condition(broken, 'Ready').lastTransitionTime, new Date(nowMs + 60_000).toISOString())
  assert.equal(condition(broken, 'MasterAvailable').lastTransitionTime, new Date(nowMs).toISOString())
})

test('a manifest that is broken on disk is told, and the flotilla stays Ready', () => {
  const status = statusOf(settled, { specProblem: 'shop.yaml:3:1: unknown key' })
  assert.equal(status.phase, 'Ready')
  assert.deepEqual(
    [condition(status, 'SpecInvalid').status, condition(status, 'SpecInvalid').message],
    ['True', 'shop.yaml:3:1: unknown key'],
  )
})

test('the reason says what failed', () => {
  const status = statusOf(
    { nodes: [master(0), stopped(1), replica(2)] },
    { previous: ready, failure: 'start shop-replica-1: no space left' },
  )
  assert.equal(status.reason, 'start shop-replica-1: no space left')
})

test('how far a replica is behind is told in bytes of one history', () => {
  const behind = replica(1, { offset: 900, upstream: { appliedOffset: 900, lastIoSeconds: 1 } })
  const nodes = [master(0, { followers: [{ ...follower(1), lagSeconds: 1 }] }), behind]
  const status = statusOf({ spec: { replicas: 1 }, nodes })
  const { offset, lagBytes, lagSeconds, lastIoSeconds, link } = status.nodes[1] ?? assert.fail('no node 1')
  assert.deepEqual(
    { offset, lagBytes, lagSeconds, lastIoSeconds, link },
    { offset: 900, lagBytes: 100, lagSeconds: 1, lastIoSeconds: 1, link: 'up' },
  )
})

test('how far a replica is behind is not told across histories', () => {
  const status = statusOf({ spec: { replicas: 1 }, nodes: [master(0), newborn(1)] })
  assert.equal(status.nodes[1]?.lagBytes, null)
})

test('how a run ended is told while the node is down', () => {
  const status = statusOf({ spec: { replicas: 1 }, nodes: [master(0), stopped(1)] })
  assert.deepEqual(status.nodes[1]?.lastExit, {
    code: 137,
    oomKilled: false,
    at: new Date(nowMs - 100).toISOString(),
  })
})

/** A settled flotilla one node of which has said nothing for so long. */
const quietFor = (ordinal: number, silentMs: number): Case => ({
  ...settled,
  nodes: settledNodes().map(one =>
    one.ordinal === ordinal
      ? {
          ...one,
          probe: { kind: 'silent', reason: 'nothing', lastByteAtMs: null },
          unreachableSinceMs: nowMs - silentMs,
        }
      : one,
  ),
})

test('a slow command of a second and more changes nothing that people are told', () => {
  for (const ordinal of [0, 1]) {
    const slow = statusOf(quietFor(ordinal, 1_999), { previous: ready })
    assert.equal(slow.phase, 'Ready')
    assert.deepEqual(
      slow.nodes.map(one => one.health),
      ready.nodes.map(one => one.health),
    )
    assert.deepEqual(
      slow.conditions.map(one => [one.type, one.status]).filter(([type]) => type !== 'Progressing'),
      ready.conditions.map(one => [one.type, one.status]).filter(([type]) => type !== 'Progressing'),
    )
  }
})

test('a new spec is not in force while a node is too slow to say so', () => {
  const before = { ...ready, generation: 1, observedGeneration: 0 }
  for (const ordinal of [0, 1]) {
    const slow = statusOf(quietFor(ordinal, 1_000), { previous: before })
    assert.deepEqual([slow.phase, slow.observedGeneration], ['Updating', 0])
  }
  assert.deepEqual(statusOf(settled, { previous: before }).observedGeneration, 1)
})

test('where TLS is asked for, a new spec is not in force before every node has said how it is connected', () => {
  const tls: TlsView = {
    ...{ mode: 'off', certificates: { kind: 'shared', fingerprint: 'c'.repeat(16) } },
    ...{ refused: null, expiresAtMs: null, expiring: null },
  }
  const previous = { ...ready, observedGeneration: 0 }
  const transport = { plainPort: 6379, tlsPort: 0, fingerprint: null, encryptsReplication: false }
  const speaking = settledNodes().map(one =>
    one.probe?.kind === 'answered'
      ? { ...one, probe: { ...one.probe, facts: { ...one.probe.facts, transport } } }
      : one,
  )
  assert.equal(statusOf({ ...settled, tls }, { previous }).phase, 'Updating')
  assert.equal(statusOf({ ...settled, nodes: speaking, tls }, { previous }).phase, 'Ready')
})

test('a node that is silent for longer, or was not in service before, is told to be unreachable', () => {
  const long = statusOf(quietFor(0, 2_000), { previous: ready })
  assert.deepEqual([long.phase, long.nodes[0]?.health], ['Unavailable', 'unreachable'])
  assert.equal(condition(long, 'MasterAvailable').status, 'False')
  assert.equal(statusOf(quietFor(0, 500), { previous: long }).nodes[0]?.health, 'unreachable')
  assert.equal(statusOf(quietFor(1, 2_000), { previous: ready }).phase, 'Degraded')
})

test('every bucket has a health that people know', () => {
  const silence = { reason: 'nothing', lastByteAtMs: null }
  const nodes = [
    master(0),
    replica(1, { upstream: { link: 'down' } }),
    newborn(2),
    node(3, { probe: { kind: 'hung', ...silence }, unreachableSinceMs: nowMs }),
    node(4, { container: { state: 'paused' } }),
    node(5, { address: null, container: { networks: [] } }),
    node(6, { probe: { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } }),
    node(7, { probe: { kind: 'busy', reason: 'BUSY' } }),
    master(8, { replid: 'replid-b' }, { container: { name: 'shop-replica-8' } }),
    stopped(9),
  ]
  const status = statusOf({ spec: { replicas: 10 }, nodes })
  assert.deepEqual(
    status.nodes.map(one => one.health),
    [
      'online',
      'syncing',
      'syncing',
      'unreachable',
      'paused',
      'detached',
      'auth-failure',
      'busy',
      'unexpected-master',
      'stopped',
      'absent',
    ],
  )
})

test('a recorded master that is up and not promoted yet is told as that', () => {
  const status = statusOf({
    memory: memory(0, { master: { ordinal: 0, sinceMs: 0, lineage: lineage() } }),
    nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1), replica(2)],
  })
  assert.deepEqual(
    [status.nodes[0]?.health, status.nodes[0]?.role, status.master],
    ['unpromoted', 'master', null],
  )
})

test('what is waited for never reads as if it were so', () => {
  const frozen = node(2, { container: { state: 'paused', name: 'shop-replica-2' } })
  const status = statusOf({ nodes: [master(0, { followers: [follower(1)] }), replica(1), frozen] })
  assert.deepEqual(status.waitingFor, ['docker unpause shop-replica-2'])
  assert.equal(condition(status, 'Progressing').message, 'waiting for: docker unpause shop-replica-2')
  assert.equal(status.reason, 'waiting for: docker unpause shop-replica-2')
})

test('the last failure and the next try are in the status, its reason and a condition', () => {
  const nodes = [master(0, { followers: [follower(2)] }), stopped(1), replica(2)]
  const { containerId, startedAtMs } = stopped(1).container
  const failed = {
    ...{ key: 'start-container 1', subject: `1 ${containerId.slice(0, 12)} ${startedAtMs ?? '-'}` },
    ...{ action: 'start shop-replica-1', error: 'start shop-replica-1: no space left', hint: 'make room' },
    ...{ code: 'runtime/disk-full', times: 2, sinceMs: nowMs - 700, lastAtMs: nowMs - 200 },
  }
  const status = statusOf({ nodes, memory: memory(0, { failed: [failed] }) })
  const iso = (ms: number): string => new Date(ms).toISOString()
  assert.deepEqual(status.failing, [
    {
      ...{ action: 'start shop-replica-1', node: 1, error: 'start shop-replica-1: no space left' },
      ...{ hint: 'make room', code: 'runtime/disk-full', times: 2 },
      ...{ since: iso(nowMs - 700), lastAt: iso(nowMs - 200), nextTryAt: iso(nowMs + 800) },
    },
  ])
  assert.deepEqual(status.doing, [])
  const text = 'start shop-replica-1: no space left (2 times); next try in 1 s'
  assert.equal(status.reason, text)
  assert.equal(condition(status, 'ActionFailing').message, text)
  assert.equal(condition(status, 'Progressing').status, 'False')
})

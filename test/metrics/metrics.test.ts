import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js'
import { renderMetricReference } from '../../src/metrics/reference.js'
import { noBackups, type BackupRecord } from '../../src/model/backup-record.js'
import type { Snapshot } from '../../src/reconciler/loop/controller.js'
import { conditionTypes } from '../../src/model/status.js'
import { backupSpec } from '../backup/support/backups.js'
import { snapshotOf } from '../http/support/fake-control-api.js'
import { historyEntry, master, nowMs, replica, stopped } from '../reconciler/support/world.js'
import { findPromtool } from '../support/promtool.js'

function metricsOf(snapshots: ReadonlyMap<string, Snapshot | null>): Metrics {
  const controller = {
    get names() {
      return [...snapshots.keys()]
    },
    snapshotOf: (name: string) => snapshots.get(name) ?? null,
    queueDepth: 3,
    engineAnswers: true,
  }
  return createMetrics({
    controller,
    version: '1.2.3',
    startedAtMs: nowMs,
    self: {
      loopLagMs: () => 1_500,
      droppedLogLines: () => 3,
      sentinel: () => ({ connections: 2, commands: new Map([['ping', 4]]) }),
    },
  })
}

/** `name{label="value"} 1` lines of one metric, without its name. */
async function seriesOf(metrics: Metrics, name: string): Promise<readonly string[]> {
  const text = await metrics.render()
  return text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map(line => line.slice(name.length))
}

const shop = (facts?: Parameters<typeof snapshotOf>[0]) => new Map([['shop', snapshotOf(facts)]])

test('promtool finds nothing to object to', async t => {
  const promtool = findPromtool()
  if ('reason' in promtool) return t.skip(promtool.reason)
  const metrics = metricsOf(shop())
  metrics.passes.record({ flotilla: 'shop', result: 'settled', tookMs: 12, history: [] })
  const { passed, said } = promtool.run(['check', 'metrics'], await metrics.render())
  assert.ok(passed && said === '', said)
})

test('a node tells its role, link, offset, lag, memory, clients, operations and keys', async () => {
  const nodes = [
    master(0, {
      offset: 5_000,
      keys: 7,
      connectedClients: 4,
      opsPerSecond: 9,
      memory: { usedBytes: 1, rssBytes: 2, maxBytes: 3 },
    }),
    replica(1),
    stopped(2),
  ]
  const metrics = metricsOf(shop({ nodes }))
  const valueOf = async (name: string, node: string): Promise<string | undefined> =>
    (await seriesOf(metrics, name))
      .find(line => line.startsWith(`{flotilla="shop",node="${node}"}`))
      ?.split(' ')[1]
  assert.equal(await valueOf('flotilla_node_master', 'shop-0'), '1')
  assert.equal(await valueOf('flotilla_node_master', 'shop-1'), '0')
  assert.equal(await valueOf('flotilla_node_online', 'shop-0'), '1')
  assert.equal(await valueOf('flotilla_node_online', 'shop-2'), '0')
  assert.equal(await valueOf('flotilla_node_up', 'shop-2'), '0')
  assert.equal(await valueOf('flotilla_node_link_up', 'shop-0'), undefined)
  assert.equal(await valueOf('flotilla_node_link_up', 'shop-1'), '1')
  assert.equal(await valueOf('flotilla_node_replication_offset_bytes', 'shop-0'), '5000')
  assert.equal(await valueOf('flotilla_node_replication_lag_bytes', 'shop-1'), '4000')
  assert.equal(await valueOf('flotilla_node_keys', 'shop-0'), '7')
  assert.equal(await valueOf('flotilla_node_connected_clients', 'shop-0'), '4')
  assert.equal(await valueOf('flotilla_node_operations_per_second', 'shop-0'), '9')
  assert.equal(await valueOf('flotilla_node_memory_max_bytes', 'shop-0'), '3')
  assert.equal(
    await valueOf('flotilla_node_keys', 'shop-2'),
    undefined,
    'of what does not answer nothing is claimed',
  )
})

test('every condition, phase and hold of a flotilla is there from its first look, and none before', async () => {
  const conditions = await seriesOf(metricsOf(shop()), 'flotilla_condition')
  assert.equal(conditions.length, conditionTypes.length)
  assert.ok(conditions.includes('{flotilla="shop",condition="Ready"} 1'))
  assert.ok(conditions.includes('{flotilla="shop",condition="CrashLooping"} 0'))
  const phases = await seriesOf(metricsOf(shop()), 'flotilla_phase')
  assert.deepEqual(
    phases.filter(line => line.endsWith(' 1')),
    ['{flotilla="shop",phase="Ready"} 1'],
  )
  assert.deepEqual(await seriesOf(metricsOf(new Map([['shop', null]])), 'flotilla_condition'), [])
})

const taken = {
  ...noBackups,
  success: {
    ...{ name: 'shop-20260101T000000Z-000000', takenAtMs: nowMs - 60_000, tookMs: 2_500 },
    ...{ sizeBytes: 900, storedBytes: 1_000, place: '/srv/backups' },
  },
  verified: { name: '', takenAtMs: nowMs - 90_000, atMs: nowMs - 80_000, tookMs: 1_000 },
}

test('backups tell of when the newest and the newest verified are, its size, how long it took, and trouble', async () => {
  const backup = async (record: BackupRecord): Promise<Readonly<Record<string, string>>> => {
    const metrics = metricsOf(
      new Map([['shop', snapshotOf({ spec: { backup: backupSpec() } }, null, record)]]),
    )
    const lines = (await metrics.render()).split('\n').filter(line => line.startsWith('flotilla_backup_'))
    return Object.fromEntries(
      lines.map(line => line.replace('flotilla_backup_', '').replace('flotilla="shop"', '').split(' ')),
    ) as Readonly<Record<string, string>>
  }
  assert.deepEqual(await backup(taken), {
    'last_success_timestamp_seconds{}': String(nowMs / 1000 - 60),
    'last_size_bytes{}': '1000',
    'last_duration_seconds{}': '2.5',
    'last_verified_timestamp_seconds{}': String(nowMs / 1000 - 90),
    'trouble{,trouble="failed"}': '0',
    'trouble{,trouble="overdue"}': '0',
    'trouble{,trouble="not-verified"}': '0',
  })
  const failure = { atMs: nowMs, reason: 'the disk is full', hint: null }
  const unverified = { name: 'x', atMs: nowMs, reason: 'its SHA-256 is another' }
  const bad = await backup({ ...noBackups, failure, unverified })
  assert.deepEqual(bad, {
    'trouble{,trouble="failed"}': '1',
    'trouble{,trouble="overdue"}': '0',
    'trouble{,trouble="not-verified"}': '1',
  })
  const old = { ...taken, success: { ...taken.success, takenAtMs: nowMs - 3 * 86_400_000 } }
  assert.equal((await backup(old))['trouble{,trouble="overdue"}'], '1')
  assert.doesNotMatch(await metricsOf(shop()).render(), /^flotilla_backup_.*shop/m)
})

test('series of a node or a flotilla that is gone are gone', async () => {
  const snapshots = shop()
  const metrics = metricsOf(snapshots)
  metrics.passes.record({ flotilla: 'shop', result: 'settled', tookMs: 5, history: [] })
  snapshots.set('shop', snapshotOf({ spec: { replicas: 1 }, nodes: [master(0), replica(1)] }))
  assert.equal((await seriesOf(metrics, 'flotilla_node_online')).length, 2)
  snapshots.delete('shop')
  metrics.passes.record({ flotilla: 'shop', result: 'gone', tookMs: 5, history: [] })
  assert.doesNotMatch(await metrics.render(), /flotilla="shop"/)
})

test('changes of masters are counted once each, from 0, and only those since the start', async () => {
  const metrics = metricsOf(shop())
  const before = historyEntry({ kind: 'failover', endedAtMs: nowMs - 10 })
  const failover = historyEntry({
    kind: 'failover',
    result: 'done',
    troubleAtMs: nowMs + 100,
    endedAtMs: nowMs + 300,
  })
  const refused = historyEntry({ kind: 'switchover', result: 'refused', endedAtMs: nowMs + 400 })
  const record = (...history: Parameters<typeof metrics.passes.record>[0]['history']): void =>
    metrics.passes.record({ flotilla: 'shop', result: 'again', tookMs: 5, history })
  record(before)
  const total = 'flotilla_failovers_total'
  assert.equal((await seriesOf(metrics, total)).filter(line => line.endsWith(' 0')).length, 6)
  record(before, failover)
  record(before, failover, refused)
  record(before, failover, refused)
  assert.deepEqual(
    (await seriesOf(metrics, total)).filter(line => !line.endsWith(' 0')),
    [
      '{flotilla="shop",kind="failover",result="done"} 1',
      '{flotilla="shop",kind="switchover",result="refused"} 1',
    ],
  )
  const sums = await seriesOf(metrics, 'flotilla_failover_duration_seconds_sum')
  assert.ok(sums.includes('{flotilla="shop",kind="failover"} 0.2'), sums.join('\n'))
  assert.ok(
    (await seriesOf(metrics, 'flotilla_reconcile_total')).includes('{flotilla="shop",result="again"} 4'),
  )
})

test('events are counted by code, each from 0 on', async () => {
  const metrics = metricsOf(new Map())
  metrics.noteEvent({ event: 'node.died', level: 'warn' })
  const events = await seriesOf(metrics, 'flotilla_events_total')
  assert.ok(events.includes('{event="node.died",level="warn"} 1'))
  assert.ok(events.includes('{event="data.lost",level="error"} 0'))
})

test('the series of a flotilla stay within the bound that docs/metrics.md names', async () => {
  const metrics = metricsOf(new Map([['shop', snapshotOf({ spec: { backup: backupSpec() } }, null, taken)]]))
  metrics.passes.record({ flotilla: 'shop', result: 'settled', tookMs: 5, history: [] })
  const lines = (await metrics.render()).split('\n').filter(line => line.includes('flotilla="shop"'))
  const ofNodes = lines.filter(line => line.includes('node="'))
  const [, flotillaMost, nodeMost] =
    /some (\d+) series for a flotilla and (\d+) for each/.exec(readFileSync('docs/metrics.md', 'utf8')) ?? []
  assert.ok(ofNodes.length / 3 <= Number(nodeMost), `${ofNodes.length / 3}`)
  assert.ok(lines.length - ofNodes.length <= Number(flotillaMost), `${lines.length - ofNodes.length}`)
})

test('docs/metrics.md has every metric with its type and labels', () => {
  const text = renderMetricReference(metricsOf(new Map()).registry)
  assert.match(
    text,
    /`flotilla_failovers_total` +\| counter +\| `flotilla`, `kind`, `result` +\| Changes of masters/,
  )
  assert.match(text, /`flotilla_reconcile_time_seconds` +\| histogram +\| `flotilla` /)
  assert.equal(text, readFileSync('docs/metrics.md', 'utf8'))
})

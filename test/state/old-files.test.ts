import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMemory } from '../../src/model/record.js'
import { digestOfJson } from '../../src/json-digest.js'
import { appliedAuthFiles, appliedUsers } from '../../src/reconciler/plan/settings/users.js'
import { appliedConfigFile } from '../../src/reconciler/plan/settings/config-file.js'
import { appliedLimits } from '../../src/reconciler/plan/settings/resource-limits.js'
import { appliedOptions } from '../../src/reconciler/plan/settings/options.js'
import { isApplied, processIncarnation } from '../../src/reconciler/desired/applied.js'
import { parseMemory, renderMemory } from '../../src/state/memory-schema.js'
import { lineage, spec } from '../reconciler/support/world.js'

/** A state file as the first version that rolled nodes wrote it: nothing that came later is in it. */
const lineageThen = lineage()
const specThen = {
  name: 'shop',
  image: 'redis:8',
  replicas: 2,
  auth: { kind: 'generated' },
  persistence: { mode: 'aof' },
  failover: { mode: 'automatic', hangTimeoutMs: 5_000, restartWindowMs: 0, maxLagBytes: null },
  durability: { minReplicasToWrite: 0, maxLagSeconds: 10 },
  deletionPolicy: 'Retain',
}
const file = {
  version: 1,
  memory: {
    flotilla: 'shop',
    generation: 3,
    spec: specThen,
    epoch: 7,
    master: { ordinal: 1, sinceMs: 1, lineage: lineageThen },
    nodes: [{ ordinal: 1, lineage: lineageThen, crashes: [], restartAskedAtMs: null, tuned: 'run-1 abc' }],
    operation: null,
    divergent: [2],
    request: null,
    history: [],
    everReady: true,
    pausedSinceMs: null,
    dataLost: null,
  },
}

test('a state file of an earlier version is read, with what came later as it was when there was none', () => {
  assert.deepEqual(parseMemory(JSON.stringify(file)), {
    kind: 'read',
    memory: {
      ...newMemory('shop'),
      ...{ generation: 3, epoch: 7, everReady: true, divergent: [2] },
      spec: spec(),
      master: { ordinal: 1, sinceMs: 1, lineage: lineageThen },
      nodes: [
        {
          ordinal: 1,
          lineage: lineageThen,
          crashes: [],
          endedRun: null,
          restartAskedAtMs: null,
          applied: { options: { incarnation: 'run-1', digest: 'abc' } },
          persistence: { current: null, pending: null, snapshotAsked: null },
          divergence: null,
          fullCopy: null,
        },
      ],
    },
  })
})

test('what version 1 wrote down as `why` is read as the reason', () => {
  const memory = {
    ...file.memory,
    dataLost: { atMs: 5, keys: 3, why: 'the volume is empty' },
    usersRefused: { digest: 'd', why: 'no such command' },
    imageTrouble: { image: 'redis:99', why: 'not found', atMs: 6 },
    nodes: [{ ...file.memory.nodes[0], divergence: { runId: 'r', why: 'it takes writes', atMs: 7 } }],
  }
  const reading = parseMemory(JSON.stringify({ version: 1, memory }))
  assert.ok(reading.kind === 'read')
  assert.deepEqual(
    [
      reading.memory.dataLost?.reason,
      reading.memory.usersRefused?.reason,
      reading.memory.imageTrouble?.reason,
      reading.memory.nodes[0]?.divergence?.reason,
    ],
    ['the volume is empty', 'no such command', 'not found', 'it takes writes'],
  )
})

test('what nodes were given is known of a file of version 1, so that none of it is given to them again', () => {
  const containerId = 'c'.repeat(64)
  const container = { containerId, startedAtMs: 1_000 }
  const resources = { memoryBytes: 1_048_576, cpus: 1.5 }
  const options = { 'min-replicas-to-write': '1' }
  const digest = digestOfJson(options)
  const asSnapshots = { mode: 'rdb', save: ['3600 1'], appendfsync: 'everysec' }
  const memory = {
    ...file.memory,
    nodes: [
      {
        ...file.memory.nodes[0],
        endedRun: `${containerId} 900`,
        tuned: `run-1 ${digest}`,
        filed: `${containerId} ${digestOfJson({ hz: ['20'] })}`,
        limited: `${containerId} 1048576 1.5`,
        given: {
          files: `${containerId.slice(0, 12)} today`,
          process: `${containerId.slice(0, 12)} 1000 today`,
          listed: 'as-listed',
        },
        keeps: asSnapshots,
        filing: { ...asSnapshots, mode: 'aof' },
        snapshotAsked: { runId: 'run-1', lastSaveAtMs: 5 },
      },
    ],
  }
  const reading = parseMemory(JSON.stringify({ version: 1, memory }))
  assert.ok(reading.kind === 'read')
  const [node] = reading.memory.nodes
  const config = { options: { hz: ['20'] }, live: {}, restart: [] }
  for (const given of [
    appliedOptions('run-1', options),
    appliedConfigFile(container, { spec: spec(), config }),
    appliedLimits(container, resources),
    appliedAuthFiles(container, 'today'),
    appliedUsers(container, 'today'),
  ])
    assert.ok(isApplied(node, given), JSON.stringify(given))
  assert.equal(node?.applied['listed-users']?.digest, 'as-listed')
  assert.equal(node.endedRun, processIncarnation({ ...container, startedAtMs: 900 }))
  assert.deepEqual(node.persistence, {
    current: asSnapshots,
    pending: { ...asSnapshots, mode: 'aof' },
    snapshotAsked: { runId: 'run-1', lastSaveAtMs: 5 },
  })
  const again = parseMemory(renderMemory(reading.memory))
  assert.deepEqual(again, reading)
})

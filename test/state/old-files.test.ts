import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMemory } from '../../src/model/record.js'
import { parseMemory } from '../../src/state/memory-schema.js'
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
          tuned: 'run-1 abc',
          filed: null,
          limited: null,
          keeps: null,
          filing: null,
          snapshotAsked: null,
          given: { files: null, process: null, listed: null },
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

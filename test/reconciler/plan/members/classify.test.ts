import assert from 'node:assert/strict'
import { test } from 'node:test'
import { specHashLabel } from '../../../../src/runtime/labels.js'
import { startGraceMs, type ObservedNode } from '../../../../src/model/observation.js'
import { absentNode, classifyNode, isInService } from '../../../../src/reconciler/plan/members/classify.js'
import {
  answered,
  container,
  currentHash,
  master,
  node,
  nowMs,
  redisFacts,
  replica,
} from '../../support/world.js'
import type { ContainerState } from '../../../../src/model/engine.js'
import { newNodeRecord } from '../../../../src/model/record.js'
import type { Probe } from '../../../../src/model/redis.js'

/** Each node in exactly one bucket, by what was seen of it and by who is the recorded master (node 0). */
function classify(seen: ObservedNode, overrides: Partial<Parameters<typeof classifyNode>[1]> = {}) {
  return classifyNode(seen, {
    flotilla: 'shop',
    recordedMaster: 0,
    specHashes: [currentHash],
    trackedImageId: null,
    strategy: 'rolling',
    atMs: nowMs,
    record: null,
    ...overrides,
  })
}

test('a container that does not run is told by its state alone', () => {
  const buckets = (['created', 'exited', 'dead', 'removing', 'paused', 'restarting'] as const).map(
    (state: ContainerState) => `${state}: ${classify(node(1, { container: { state } })).bucket}`,
  )
  assert.deepEqual(buckets, [
    'created: stopped',
    'exited: stopped',
    'dead: stopped',
    'removing: removing',
    'paused: paused',
    'restarting: starting',
  ])
})

test('a node that runs is told by what it says', () => {
  const reason = 'it says so'
  const probes: readonly Probe[] = [
    { kind: 'busy', reason },
    { kind: 'denied', cause: 'other', reason },
    { kind: 'loading', facts: redisFacts() },
  ]
  const buckets = probes.map(probe => classify(node(1, { probe })).bucket)
  assert.deepEqual(buckets, ['busy', 'auth-failure', 'loading'])
  assert.equal(classify(node(1, { address: null })).bucket, 'detached')
})

test('a node that says nothing is starting for ten seconds, and unreachable then or once it has been missed', () => {
  const reason = 'nothing listens'
  const silent = (ranMs: number | null, unreachableSinceMs: number | null, probe: Probe | null): string =>
    classify(
      node(1, {
        probe,
        unreachableSinceMs,
        container: { startedAtMs: ranMs === null ? null : nowMs - ranMs },
      }),
    ).bucket
  for (const probe of [
    { kind: 'refused', reason },
    { kind: 'silent', reason, lastByteAtMs: null },
    { kind: 'hung', reason },
    null,
  ] as readonly (Probe | null)[]) {
    assert.equal(silent(startGraceMs - 1, null, probe), 'starting')
    assert.equal(silent(startGraceMs, null, probe), 'unreachable')
    // The engine's clock may be ahead of ours; a start that is still to come was before ours was set back.
    assert.equal(silent(-1_000, null, probe), 'starting')
    assert.equal(silent(-startGraceMs, null, probe), 'unreachable')
    assert.equal(silent(startGraceMs - 1, nowMs - 500, probe), 'unreachable')
    assert.equal(silent(null, null, probe), 'unreachable')
  }
})

test('a master is the master only where the record names it', () => {
  assert.equal(classify(master(0)).bucket, 'master')
  assert.equal(classify(master(1)).bucket, 'unexpected-master')
  assert.equal(classify(master(0), { recordedMaster: null }).bucket, 'unexpected-master')
  assert.equal(classify(replica(0)).bucket, 'unpromoted')
})

test('a replica is told by whom it follows and whether it has all of it', () => {
  const buckets = [
    replica(1),
    replica(1, { upstream: { link: 'down' } }),
    replica(1, { upstream: { syncing: true } }),
    replica(1, { upstream: { host: 'shop-2' } }),
    node(1, { probe: answered({ role: 'replica', upstream: null }) }),
  ].map(seen => classify(seen).bucket)
  assert.deepEqual(buckets, ['online', 'syncing', 'syncing', 'wrong-upstream', 'wrong-upstream'])
  assert.equal(
    classify(replica(1, { upstream: { host: 'shop-null' } }), { recordedMaster: null }).bucket,
    'wrong-upstream',
  )
})

test('only the master and who has all of it are in service', () => {
  const inService = [
    master(0),
    master(1),
    replica(0),
    replica(1),
    replica(1, { upstream: { link: 'down' } }),
  ].map(seen => isInService(classify(seen)))
  assert.deepEqual(inService, [true, false, false, true, false])
})

test('a container of another spec, or older than the restart that was asked for, is to be recreated', () => {
  const of = (hash: string | undefined): ObservedNode => {
    const { [specHashLabel]: _hash, ...labels } = container(1).labels
    return node(1, {
      container: { labels: hash === undefined ? labels : { ...labels, [specHashLabel]: hash } },
    })
  }
  const asked = (restartAskedAtMs: number) => ({ record: { ...newNodeRecord(1), restartAskedAtMs } })
  const told = (seen: ObservedNode, overrides: Partial<Parameters<typeof classifyNode>[1]> = {}): string => {
    const { ofOlderSpec, restartRequested, outdated } = classify(seen, overrides)
    return [ofOlderSpec && 'older', restartRequested && 'asked', outdated && 'outdated']
      .filter(Boolean)
      .join(' ')
  }
  assert.equal(told(of(currentHash)), '')
  assert.equal(told(of('hash-of-old')), 'older outdated')
  assert.equal(told(of('hash-of-old'), { specHashes: [currentHash, 'hash-of-old'] }), '')
  assert.equal(told(of(undefined)), 'older outdated')
  assert.equal(told(of('hash-of-old'), { strategy: 'onDelete' }), 'older')
  const madeAtMs = of(currentHash).container.createdAtMs
  assert.equal(told(of(currentHash), asked(madeAtMs)), '')
  assert.equal(told(of(currentHash), asked(madeAtMs + 1)), 'asked outdated')
  assert.equal(
    told(of('hash-of-old'), { strategy: 'onDelete', ...asked(madeAtMs + 1) }),
    'older asked outdated',
  )
})

test('what is absent is neither old nor to be recreated', () => {
  assert.deepEqual(absentNode(3), {
    ordinal: 3,
    bucket: 'absent',
    seen: null,
    facts: null,
    record: null,
    divergence: null,
    ofOlderSpec: false,
    restartRequested: false,
    outdated: false,
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  rankCandidates,
  renderCandidates,
  whyNotPromote,
} from '../../../../src/reconciler/plan/master/candidates.js'
import type { CandidateRules } from '../../../../src/reconciler/plan/master/candidates.js'
import { classifyNode, type Member } from '../../../../src/reconciler/plan/members/classify.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import {
  currentHash,
  lineage,
  master,
  node,
  nodeRecord,
  nowMs,
  redisFacts,
  replica,
  stopped,
  upstream,
} from '../../support/world.js'

const rules: CandidateRules = {
  known: lineage(),
  masterHost: 'shop-0',
  maxLagBytes: null,
  priority: {},
  seenInSync: [nodeRecord(1), nodeRecord(2), nodeRecord(3)],
  lastChoices: [],
}

function classified(seen: ObservedNode): Member {
  return classifyNode(seen, {
    flotilla: 'shop',
    recordedMaster: 0,
    specHashes: [currentHash],
    trackedImageId: null,
    strategy: 'rolling',
    atMs: nowMs,
    record: null,
  })
}

const reason = (seen: ObservedNode, overrides: Partial<CandidateRules> = {}): string | null =>
  whyNotPromote(classified(seen), { ...rules, ...overrides })

test('a replica of the recorded history that was seen in sync may be promoted, whether its link is up or not', () => {
  assert.equal(reason(replica(1)), null)
  assert.equal(reason(replica(1, { upstream: { link: 'down' } })), null)
})

test('a replica is not promoted for any of these reasons', () => {
  const loadingFacts = redisFacts({
    runId: 'run-1',
    role: 'replica',
    upstream: upstream(),
    loading: { loadedBytes: 1, totalBytes: 2, etaSeconds: 1 },
  })
  const cases: readonly (readonly [ObservedNode, Partial<CandidateRules>, string])[] = [
    [stopped(1), {}, 'it does not answer (stopped)'],
    [node(1, { container: { state: 'paused' } }), {}, 'it does not answer (paused)'],
    [node(1, { probe: { kind: 'busy', reason: 'BUSY' } }), {}, 'it does not answer (busy)'],
    [node(1, { probe: { kind: 'loading', facts: loadingFacts } }), {}, 'it is loading its data'],
    [replica(1, { asyncLoading: true }), {}, 'it is loading its data'],
    [master(1, { runId: 'run-1' }), {}, 'it says that it is master already'],
    [replica(1, { replicaPriority: 0 }), {}, 'its replica-priority is 0'],
    [replica(1, { upstream: { appliedOffset: null } }), {}, 'it has never been in sync'],
    [replica(1, { upstream: { syncing: true } }), {}, 'it is in the middle of its synchronisation'],
    [replica(1), { known: null }, 'there is no record of what the master held'],
    [replica(1, { replid: 'replid-b' }), {}, 'it holds another history than the master'],
    [
      replica(1, { runId: 'run-of-a-restart' }),
      {},
      'it was started since the master was last seen, and was not in sync with it since',
    ],
    [
      replica(1),
      { seenInSync: [nodeRecord(1, { lineage: null })] },
      'it was started since the master was last seen, and was not in sync with it since',
    ],
    [
      replica(1, { keys: 0, upstream: { appliedOffset: 999 } }),
      {},
      'it is empty, and the master had 10 keys',
    ],
    [
      replica(1, { upstream: { appliedOffset: 899 } }),
      { maxLagBytes: 100 },
      'it lacks 101 bytes, more than maxLagBytes (100) allows',
    ],
  ]
  for (const [seen, overrides, expected] of cases) assert.equal(reason(seen, overrides), expected)
})

test('a replica may lack as much as maxLagBytes, and anything where none is set', () => {
  assert.equal(reason(replica(1, { upstream: { appliedOffset: 900 } }), { maxLagBytes: 100 }), null)
  assert.equal(reason(replica(1, { upstream: { appliedOffset: 0 } })), null)
})

test('a replica may be promoted on either side of the promotion that began the recorded history', () => {
  const previous = { replid: 'replid-a', untilOffset: 1_001 }
  const after = { replid: 'replid-b', previous, upstream: { appliedOffset: 1_050 } }
  assert.equal(reason(replica(1, after)), null, 'the record is of the moment of the promotion')
  const elsewhere = replica(1, { ...after, upstream: { ...after.upstream, host: 'shop-2' } })
  assert.equal(reason(elsewhere), 'it holds another history than the master', 'it follows a later master')
  const known = lineage({ replid: 'replid-b', previous, offset: 1_050 })
  const at = (appliedOffset: number): ObservedNode => replica(1, { upstream: { appliedOffset } })
  assert.equal(reason(at(1_000), { known }), null, 'it has not got to the new master yet')
  assert.equal(
    reason(at(900), { known, maxLagBytes: 100 }),
    'it lacks 150 bytes, more than maxLagBytes (100) allows',
  )
  assert.equal(reason(at(1_001), { known }), 'it holds another history than the master')
})

test('a replica that has left the recorded history is not promoted where somebody has more of that', () => {
  const previous = { replid: 'replid-a', untilOffset: 1_001 }
  const left = classified(
    replica(1, { replid: 'replid-b', previous, offset: 2_000, upstream: { appliedOffset: 2_000 } }),
  )
  const stayed = (offset: number): Member =>
    classified(replica(2, { offset, upstream: { appliedOffset: offset } }))
  const best = (...nodes: Member[]) => rankCandidates(nodes, rules)[0]?.ordinal
  assert.equal(best(left, stayed(1_000)), 1)
  assert.equal(best(left, stayed(1_500)), 2)
})

test('an empty replica of an empty master may be promoted', () => {
  assert.equal(reason(replica(1, { keys: 0 }), { known: lineage({ keys: 0 }) }), null)
})

test('a replica at or beyond the recorded offset is empty because all was deleted, and may be promoted', () => {
  for (const appliedOffset of [1_000, 1_060])
    assert.equal(reason(replica(1, { keys: 0, upstream: { appliedOffset } })), null)
})

test('candidates come first, then by offset, then by ordinal', () => {
  const at = (ordinal: number, appliedOffset: number, overrides = {}): Member =>
    classified(replica(ordinal, { ...overrides, upstream: { appliedOffset } }))
  const ranked = rankCandidates([at(3, 900), at(2, 900), at(1, 2_000, { replicaPriority: 0 })], rules)
  assert.equal(
    renderCandidates(ranked),
    'node 2 (offset 900, 10 keys): eligible; node 3 (offset 900, 10 keys): eligible; node 1 (offset 2000, 10 keys): its replica-priority is 0',
  )
  assert.equal(renderCandidates([]), 'there is no other node')
})

test('of those that have come equally far the last choice is who keeps crashing', () => {
  const at = (ordinal: number, appliedOffset: number): Member =>
    classified(replica(ordinal, { upstream: { appliedOffset } }))
  const best = (lastChoices: readonly number[], offset = 900) =>
    rankCandidates([at(1, offset), at(2, 900)], { ...rules, lastChoices })[0]?.ordinal
  assert.equal(best([]), 1)
  assert.equal(best([1]), 2)
  assert.equal(best([1, 2]), 1)
  assert.equal(best([1], 901), 1, 'no write is given up for it')
})

test('a copy that nobody saw in sync is no old one where it has come further than one that was seen', () => {
  const at = (ordinal: number, appliedOffset: number, overrides = {}): Member =>
    classified(replica(ordinal, { ...overrides, upstream: { appliedOffset } }))
  const started = { runId: 'run-of-a-restart' }
  const ordinals = (nodes: readonly Member[]) =>
    rankCandidates(nodes, rules).map(one => `${one.ordinal}${one.reason === null ? '' : ' may not'}`)
  assert.deepEqual(ordinals([at(1, 900), at(2, 901, started)]), ['2', '1'])
  assert.deepEqual(ordinals([at(1, 900), at(2, 900, started)]), ['1', '2 may not'])
  assert.deepEqual(ordinals([at(1, 900), at(2, 901, { ...started, replid: 'replid-b' })]), ['1', '2 may not'])
  assert.deepEqual(ordinals([at(2, 901, started)]), ['2 may not'])
})

test('of two that have the same, the one whom the others can follow comes first: an older server can not read what a newer one sends', () => {
  const of = (ordinal: number, version: string) =>
    classified(replica(ordinal, { version, upstream: upstream({ appliedOffset: 1_000 }) }))
  const order = (nodes: readonly Member[]) => rankCandidates(nodes, rules).map(({ ordinal }) => ordinal)
  assert.deepEqual(order([of(1, '8.0.2'), of(2, '7.0.15'), of(3, '8.0.2')]), [2, 1, 3])
  assert.deepEqual(order([of(1, '8.0.2'), of(2, '8.0.2'), of(3, '8.0.2')]), [1, 2, 3])
})

test('whoever has more is promoted all the same: what the others lack is worth more than that they can follow at once', () => {
  const of = (ordinal: number, version: string, appliedOffset: number) =>
    classified(replica(ordinal, { version, upstream: upstream({ appliedOffset }) }))
  const [first] = rankCandidates([of(1, '8.0.2', 2_000), of(2, '7.0.15', 1_000)], rules)
  assert.equal(first?.ordinal, 1)
})

test('of those who have come equally far the lowest priority is promoted, and one of 0 never', () => {
  const at = (ordinal: number, appliedOffset: number): Member =>
    classified(replica(ordinal, { upstream: { appliedOffset } }))
  const ordered = (priority: CandidateRules['priority'], ahead = 900): readonly string[] =>
    rankCandidates([at(1, 900), at(2, 900), at(3, ahead)], { ...rules, priority }).map(
      ({ ordinal, reason: why }) => `${ordinal}${why === null ? '' : `: ${why}`}`,
    )
  assert.deepEqual(ordered({ 3: 10, 1: 200 }), ['3', '2', '1'])
  assert.deepEqual(ordered({ 1: 10 }, 950), ['3', '1', '2'], 'nobody who has come further is passed over')
  assert.deepEqual(ordered({ 3: 0 }, 950), ['1', '2', '3: its priority is 0 (spec.failover.priority)'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryEntry } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  whyNotSwitchoverYet,
  whyNotNext,
  whyStuck,
} from '../../../../src/reconciler/plan/rollout/rollout-gates.js'
import { lagBytesMax } from '../../../../src/reconciler/plan/master/change-of-master.js'
import {
  container,
  historyEntry,
  master,
  memory,
  node,
  nowMs,
  planInput,
  replica,
  spec,
  stopped,
  type Case,
} from '../../support/world.js'

/** Node 0 is master; what keeps the next node of a roll from being taken out of service. */
function next(facts: Case): string | null {
  const input = planInput(facts)
  return whyNotNext(input, membersOf(input, 0), { master: 0, goal: 'it goes on' })?.what ?? null
}

const older = (ordinal: number) => ({ container: { labels: {}, name: container(ordinal).name } })

test('every other one is in service before the next is taken out of it', () => {
  const nodes = [
    master(0),
    replica(1, { upstream: { link: 'down' } }),
    node(2, { container: { state: 'paused' } }),
  ]
  assert.equal(next({ nodes }), 'node 1, 2 is in sync: then it goes on')
  assert.equal(next({ nodes: [master(0), replica(1), replica(2)] }), null)
})

test('enough synced copies are left, as many as the master needs to take writes', () => {
  const durability = { ...spec().durability, minReplicasToWrite: 2 }
  const of = (wanted: readonly ObservedNode[], replicas: number): string | null => {
    const input = planInput({ spec: { replicas, durability }, nodes: wanted })
    const members = {
      ...membersOf(input, 0),
      wanted: membersOf(input, 0).wanted.slice(0, wanted.length),
      excess: [],
    }
    return whyNotNext(input, members, { master: 0, goal: 'it goes on' })?.what ?? null
  }
  const more = 'the surge node is up, so that 2 synced can be left: then it goes on'
  assert.equal(of([master(0), replica(1, {}, older(1)), replica(2, {}, older(2))], 2), more)
  assert.equal(of([master(0), replica(1, {}, older(1)), replica(2)], 2), more)
  assert.equal(of([master(0), replica(1, {}, older(1)), replica(2), replica(3)], 2), null)
  // The master hands over, and one copy is left by that.
  assert.equal(of([master(0), replica(1), replica(2)], 2), null)
  assert.equal(of([master(0), replica(1)], 2), null)
  assert.equal(of([master(0)], 0), 'the surge node is up, so that 1 synced can be left: then it goes on')
})

test('a copy that is far behind is none, and is waited for', () => {
  const behind = (applied: number | null): string | null =>
    next({
      nodes: [
        master(0, { offset: lagBytesMax + 5 }),
        replica(1, { upstream: { appliedOffset: lagBytesMax } }),
        replica(2, { upstream: { appliedOffset: applied } }),
      ],
    })
  assert.equal(behind(5), null)
  assert.equal(behind(4), `node 2 has caught up: it lags ${lagBytesMax + 1} bytes behind`)
  assert.equal(behind(null), null)
})

test('the last one that was recreated has run for as long as the manifest asks; with a new master that is over', () => {
  const update = { ...spec().update, pauseBetweenMs: 60_000 }
  const startedAgo = (ranMs: number, activeMaster: ObservedNode): string | null =>
    next({
      spec: { update },
      nodes: [
        activeMaster,
        replica(1, {}, { container: { startedAtMs: nowMs - ranMs } }),
        replica(2, {}, { container: { startedAtMs: nowMs - 500_000 } }),
      ],
    })
  const old = master(0, {}, { container: { labels: {} } })
  assert.equal(
    startedAgo(59_999, old),
    'the last node that was recreated has run for 60 s (spec.update.pauseBetween)',
  )
  assert.equal(startedAgo(60_000, old), null)
  assert.equal(startedAgo(59_999, master(0)), null)
})

test('what passes neither by itself nor by Flotilla stops a roll, and says how to fix it', () => {
  const stuck = (seen: ObservedNode): string | null => {
    const input = planInput({ nodes: [master(0), replica(1), seen] })
    const refusal = whyStuck(membersOf(input, 0))
    return refusal === null ? null : `${refusal.code}: ${refusal.reason} / ${refusal.remedy}`
  }
  const rest = 'and no other node is taken out of service while one is'
  assert.equal(
    stuck(node(2, { container: { state: 'paused' } })),
    `RolloutBlocked: node 2 is frozen, ${rest} / docker unpause shop-replica-2`,
  )
  assert.equal(
    stuck(node(2, { probe: { kind: 'denied', cause: 'other', reason: 'full' } })),
    `RolloutBlocked: node 2 does not let us in, ${rest} / docker rm -f shop-replica-2   (it is recreated on its volume)`,
  )
  assert.equal(stuck(stopped(2)), null)
  assert.equal(stuck(replica(2, { upstream: { link: 'down' } })), null)
})

test('a switchover that was aborted is tried again later and later, five minutes at most', () => {
  const aborted = (endedMs: number, overrides: Partial<HistoryEntry> = {}): HistoryEntry =>
    historyEntry({
      ...{ kind: 'switchover', from: 0, result: 'aborted', detail: 'it lagged', requestId: null },
      endedAtMs: nowMs - endedMs,
      ...overrides,
    })
  const again = (...history: readonly HistoryEntry[]): string | null => {
    const wait = whyNotSwitchoverYet(planInput({ memory: memory(0, { history }) }))
    return wait === null ? null : `${wait.recheckInMs}: ${wait.what}`
  }
  const due = (leftMs: number, reason = 'it lagged'): string =>
    `${leftMs}: the next try to hand over is due, in ${Math.ceil(leftMs / 1_000)} s: the last was aborted (${reason})`
  assert.equal(again(), null)
  assert.equal(again(aborted(0)), due(5_000))
  assert.equal(again(aborted(4_999)), due(1))
  assert.equal(again(aborted(5_000)), null)
  assert.equal(again(aborted(90_000), aborted(0)), due(10_000))
  assert.equal(again(...Array.from({ length: 8 }, () => aborted(0))), due(300_000))
  assert.equal(again(aborted(0, { detail: null })), due(5_000, 'no reason known'))
  // Whatever came between counts again: another one, one that a person asked for, one that was carried
  // through.
  for (const other of [
    aborted(0, { kind: 'failover' }),
    aborted(0, { requestId: 'request-1' }),
    aborted(0, { result: 'done' }),
  ]) {
    assert.equal(again(aborted(0), other, aborted(0)), due(5_000))
    assert.equal(again(aborted(0), other), null)
  }
})

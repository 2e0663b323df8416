import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FailedAction } from '../../../../src/model/record.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  follower,
  master,
  memory,
  nowMs,
  planInput,
  planIs,
  replica,
  stopped,
  type Case,
} from '../../support/world.js'
import type { ContainerFacts } from '../../../../src/model/engine.js'

/** Replica 1 has ended, and the engine has said so of its last starts. */
function unusable(failed: Partial<FailedAction> = {}, container: Partial<ContainerFacts> = {}): Case {
  const node = stopped(1, { container })
  const { containerId, startedAtMs } = node.container
  const failure: FailedAction = {
    ...{ key: 'start-container 1', action: 'start shop-replica-1', times: 2 },
    subject: `1 ${containerId.slice(0, 12)} ${startedAtMs ?? '-'}`,
    ...{ error: 'start container 1: Docker says: task already exists', hint: null },
    ...{ code: 'runtime/container-unusable', sinceMs: nowMs - 1_600, lastAtMs: nowMs - 1_000 },
    ...failed,
  }
  return {
    nodes: [master(0, { followers: [follower(2)] }), node, replica(2)],
    memory: memory(0, { failed: [failure] }),
  }
}

const kindsOf = (facts: Case): readonly string[] =>
  planFlotilla(planInput(facts))
    .stages.flat()
    .flatMap(action => ('ordinal' in action && action.ordinal === 1 ? [action.kind] : []))

test('a container that the engine can never start again is recreated on its own volume', () => {
  planIs(
    unusable(),
    `
      1 remove-container 1 shop-replica-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
      failing start-container 1 shop-replica-1: start container 1: Docker says: task already exists (2x, retry in 0ms)
    `,
    'unusable-container/a container that the engine can never start again is recreated on',
  )
})

test('one answer of that kind is not enough: the run that it is about may be just ending', () => {
  assert.deepEqual(kindsOf(unusable({ times: 1 })).slice(0, 1), ['start-container'])
})

test('a start that fails in another way is tried again with the container that there is', () => {
  assert.deepEqual(
    kindsOf(unusable({ code: 'runtime/failed', times: 4, lastAtMs: nowMs - 60_000 })).slice(0, 1),
    ['start-container'],
  )
})

test('a repair that has not helped waits for its turn like any other step that fails', () => {
  assert.deepEqual(kindsOf(unusable({ times: 6, lastAtMs: nowMs - 2_000 })), [])
})

test('a container whose data is on no volume is not removed, whatever its starts say', () => {
  assert.deepEqual(kindsOf(unusable({}, { mounts: [] })).slice(0, 1), ['start-container'])
})

test('the judge objects to a node that is recreated without the data that it has', () => {
  const input = planInput(unusable({}, { mounts: [] }))
  const plan = planFlotilla(planInput(unusable()))
  assert.deepEqual(violationsOf(plan, input), [
    'node 1 has its data on no volume, and would be recreated without it',
  ])
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FailedAction } from '../../../src/model/record.js'
import { isRetry, retryDelayMs } from '../../../src/reconciler/plan/action-backoff.js'
import type { Plan } from '../../../src/model/plan.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import { renderPlan } from '../../../src/reconciler/plan/render-plan.js'
import {
  master,
  memory,
  nowMs,
  planInput,
  planIs,
  replica,
  resources,
  settledNodes,
  stopped,
  witnessed,
  follower,
  type Case,
} from '../support/world.js'

/** A start of this node that has failed, as its container and the spec are in these worlds. */
function failedStart(ordinal: number, overrides: Partial<FailedAction> = {}, facts: Case = {}): FailedAction {
  const container = facts.nodes?.find(node => node.ordinal === ordinal)?.container
  return {
    ...{ key: `start-container ${ordinal}`, action: `start shop-replica-${ordinal}`, times: 3 },
    subject: `1 ${container?.containerId.slice(0, 12) ?? '-'} ${container?.startedAtMs ?? '-'}`,
    ...{ error: `start shop-replica-${ordinal}: no such device`, hint: null, code: 'runtime/failed' },
    ...{ sinceMs: nowMs - 5_000, lastAtMs: nowMs - 500 },
    ...overrides,
  }
}

const withOneDown: Case = { nodes: [master(0, { followers: [follower(2)] }), stopped(1), replica(2)] }

function withFailure(overrides: Partial<FailedAction> = {}): Case {
  return { ...withOneDown, memory: memory(0, { failed: [failedStart(1, overrides, withOneDown)] }) }
}

describe('what has failed', () => {
  test('is left out with what needs it until its pause is over, and told with the next try', () => {
    planIs(
      withFailure(),
      'failing start-container 1 shop-replica-1: start shop-replica-1: no such device (3x, retry in 1500ms)',
    )
  })

  test('is tried again when its pause is over, and told as well', () => {
    planIs(
      withFailure({ lastAtMs: nowMs - 2_000 }),
      `
        1 start-container 1 shop-replica-1
        2 follow 1 master=0
        3 apply-config 1
        failing start-container 1 shop-replica-1: start shop-replica-1: no such device (3x, retry in 0ms)
      `,
      'action-backoff/is tried again when its pause is over and told as well',
    )
  })

  test('keeps nothing of another node waiting, be it for a limit or an option', () => {
    const facts: Case = {
      ...withFailure(),
      spec: { resources: { memoryBytes: 500_000_000, cpus: null } },
    }
    assert.match(renderPlan(planFlotilla(planInput(facts))), /limit shop-replica-2/)
  })

  test('is tried at once when somebody has changed the spec or the container', () => {
    for (const subject of ['0 id-1 -', '1 another 0'])
      assert.match(
        renderPlan(planFlotilla(planInput(withFailure({ subject })))),
        /^stage 1\n {2}start shop-replica-1/,
      )
  })

  test('is tried at once when its failure is still to come, because the clock was set back', () => {
    assert.match(
      renderPlan(planFlotilla(planInput(withFailure({ lastAtMs: nowMs + 60_000 })))),
      /^stage 1\n {2}start shop-replica-1/,
    )
  })

  test('is held from the fifth time on, with the remedy', () => {
    planIs(
      withFailure({ times: 5, hint: 'mend the device' }),
      `
        failing start-container 1 shop-replica-1: start shop-replica-1: no such device (5x, retry in 7500ms)
        hold ActionFailing
          flotilla resume shop
      `,
      'action-backoff/is held from the fifth time on',
    )
  })

  test('is forgotten where nothing asks for it any more', () => {
    planIs(
      { ...withFailure(), nodes: settledNodes() },
      'nothing',
      'action-backoff/is forgotten where nothing asks for it any more',
    )
  })
})

test('a failover does not wait for what has failed on another node', () => {
  const down = { upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null } } as const
  const nodes = [stopped(0, { name: 'shop-master' }), replica(1, down), stopped(2)]
  const facts: Case = {
    ...{ nodes, seen: { resources: null } },
    memory: { ...witnessed([1]), failed: [failedStart(2, {}, { nodes })] },
  }
  assert.match(renderPlan(planFlotilla(planInput(facts))), /promote node 1/)
})

test('the pause doubles from half a second to five minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 9, 10, 11, 5_000].map(retryDelayMs),
    [500, 1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000],
  )
})

test('a plan that only tries again what has failed, and what needs it, is no news; any other is', () => {
  const due = withFailure({ lastAtMs: nowMs - 2_000 })
  assert.ok(isRetry(planFlotilla(planInput(due)), planInput(due)))
  assert.ok(!isRetry(planFlotilla(planInput(withOneDown)), planInput(withOneDown)))
  const more = { ...due, nodes: [...(due.nodes ?? []).slice(0, 2), stopped(2)] }
  assert.ok(!isRetry(planFlotilla(planInput(more)), planInput(more)))
})

test('what has failed on an old master does not keep the name of the master on it', () => {
  const nodes = [
    stopped(0, { name: 'shop-master' }),
    master(1, { followers: [follower(2)] }, { container: { name: 'shop-MASTER' } }),
    replica(2, { upstream: { host: 'shop-1' } }),
  ]
  const failed = failedStart(
    0,
    { key: 'set-aside 0', action: 'set aside the data of node 0 as epoch-1' },
    { nodes },
  )
  const error = 'set aside the data of node 0 as epoch-1: no space left on device'
  planIs(
    {
      ...{ nodes, seen: { resources: resources() } },
      memory: { ...memory(1), divergent: [0], failed: [{ ...failed, error }] },
    },
    `
      1 rename-container 0 shop-master to=shop-replica-0
      2 rename-container 1 shop-MASTER to=shop-master
      wait 0 20ms
    `,
    'action-backoff/what has failed on an old master does not keep the name',
  )
})

test('to try an image once more of which no server came up is no news; to try another one is', () => {
  const plan = (image: string): Plan => ({
    ...planFlotilla(planInput({})),
    stages: [[{ kind: 'probe-image', image, options: {}, cause: 'it failed before' }]],
  })
  const outcome = { kind: 'failed', reason: 'it ended', tried: {} } as const
  const tried = { ...memory(), trials: [{ image: 'redis:8', imageId: 'a', atMs: 0, outcome }] }
  assert.ok(isRetry(plan('redis:8'), { memory: tried }))
  assert.ok(!isRetry(plan('redis:9'), { memory: tried }))
})

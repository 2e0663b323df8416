import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import {
  memory,
  newborn,
  nowMs,
  operation,
  planInput,
  replica,
  request,
  settledNodes,
  type Case,
} from '../support/world.js'

/** What the plan of these facts does about requests. */
function answers(facts: Case): readonly string[] {
  return planFlotilla(planInput(facts))
    .stages.flat()
    .flatMap(action =>
      action.kind === 'complete-request'
        ? [`${action.result}: ${action.detail}`]
        : action.kind === 'begin-operation'
          ? [`begin ${action.operation.kind} for ${action.operation.requestId}`]
          : [],
    )
}

const settled: Case = { nodes: settledNodes(), seen: { resources: null } }
const askedAt = (atMs: number): Case => ({
  ...settled,
  memory: memory(0, { request: request({ kind: 'switchover', atMs, timeoutMs: 3_000 }) }),
})

test('a request is begun within its time, and never after it', () => {
  assert.deepEqual(answers(askedAt(nowMs - 2_999)), ['begin switchover for request-1'])
  assert.deepEqual(answers(askedAt(nowMs - 3_000)), [])
})

test('what was begun within its time is brought to its end after it', () => {
  const underWay = operation({ kind: 'failover', phase: 'fencing', from: 0, to: 1, requestId: 'request-1' })
  const asked = request({ to: 1, force: true, atMs: nowMs - 60_000, timeoutMs: 3_000 })
  const plan = planFlotilla(
    planInput({ ...settled, memory: memory(0, { operation: underWay, request: asked }) }),
  )
  assert.ok(plan.stages.flat().some(({ kind }) => kind === 'kill-container'))
})

test('a request that a hold stands in the way of is refused at once, with the hold and how to fix it', () => {
  const nodes = [newborn(0, { keys: 0 }), replica(1), replica(2)]
  const [answer, ...more] = answers({
    nodes,
    memory: memory(0, { request: request({ kind: 'switchover', to: 1 }) }),
  })
  assert.match(answer ?? '', /^refused: /)
  assert.deepEqual(more, [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { previewPlan, type WhatIf } from '../../../src/reconciler/plan/preview.js'
import { renderPlan } from '../../../src/reconciler/plan/render-plan.js'
import {
  memory,
  planInput,
  planText,
  replica,
  request,
  settledNodes,
  stopped,
  type Case,
} from '../support/world.js'

function preview(facts: Case, whatIf: WhatIf): string {
  return renderPlan(previewPlan(planInput(facts), whatIf))
}

const settled: Case = { nodes: settledNodes() }

test('what a switchover would do is the plan that it is then carried out by', () => {
  const asked = planText({
    ...settled,
    memory: memory(0, { request: request({ kind: 'switchover', to: 2 }) }),
  })
  assert.equal(preview(settled, { kind: 'switchover', to: 2, force: false }), asked)
  assert.match(asked, /promote node 2/)
})

test('a request that would be refused is foreseen to be, with the reason', () => {
  const text = preview(
    { nodes: [...settledNodes(1), stopped(2)] },
    { kind: 'switchover', to: 2, force: false },
  )
  assert.match(text, /answer the switchover that was asked for: refused, /)
})

test('scaling up creates, scaling down removes, and nothing else is touched', () => {
  const more = preview({ ...settled, seen: { resources: null } }, { kind: 'scale', replicas: 3 })
  assert.match(more, /create container shop-replica-3/)
  assert.doesNotMatch(more, /shop-replica-[12]\b/)
  const fewer = preview(settled, { kind: 'scale', replicas: 1 })
  assert.match(fewer, /remove container shop-replica-2/)
  assert.doesNotMatch(fewer, /shop-replica-1\b|promote/)
  assert.equal(preview(settled, { kind: 'scale', replicas: 2 }), 'nothing to do\n')
})

test('resuming does what was left undone', () => {
  const facts: Case = { nodes: [...settledNodes(1), stopped(2)], memory: memory(0, { pausedSinceMs: 1 }) }
  assert.match(preview(facts, { kind: 'resume' }), /start shop-replica-2/)
})

test('foreseeing changes nothing of what it was given', () => {
  const input = planInput({ nodes: [...settledNodes(1), replica(2)] })
  const before = JSON.stringify(input)
  previewPlan(input, { kind: 'scale', replicas: 9 })
  previewPlan(input, { kind: 'failover', to: 1, force: true })
  assert.equal(JSON.stringify(input), before)
})

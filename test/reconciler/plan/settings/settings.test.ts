import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { settings } from '../../../../src/reconciler/plan/settings/settings.js'
import { planInput, settledNodes } from '../../support/world.js'

test('nodes that have every setting, as each setting tells it, are given nothing', () => {
  const input = planInput({ spec: { replicas: 1 }, nodes: settledNodes(1) })
  const { members, plan } = decide(input)
  for (const node of members.wanted) assert.ok(settings.every(one => one.isApplied(input, node)))
  assert.deepEqual(plan.stages, [])
})

test('a node that lacks a setting is given it by the plan', () => {
  const input = planInput({ spec: { replicas: 1 }, nodes: settledNodes(1), configPending: [1] })
  const { members, plan } = decide(input)
  const lacking = members.wanted.filter(node => settings.some(one => !one.isApplied(input, node)))
  assert.deepEqual(
    lacking.map(({ ordinal }) => ordinal),
    [1],
  )
  assert.deepEqual(
    plan.stages.flat().map(({ kind }) => kind),
    ['apply-config'],
  )
})

test('each condition is the matter of one setting', () => {
  const types = settings.flatMap(({ conditions }) => Object.keys(conditions))
  assert.deepEqual(types, [...new Set(types)])
})

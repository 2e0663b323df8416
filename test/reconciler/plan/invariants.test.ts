import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectionsTo } from '../../../src/reconciler/plan/invariants.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, ActionBody, Plan } from '../../../src/reconciler/plan/plan.js'
import {
  master,
  memory,
  newborn,
  nothingThere,
  operation,
  planInput,
  replica,
  settledNodes,
  stopped,
  type Case,
} from '../support/world.js'

/** What is objected to these stages, in a world of these facts. */
function objections(facts: Case, ...stages: readonly (readonly ActionBody[])[]): readonly string[] {
  const plan: Plan = {
    flotilla: 'shop',
    stages: stages.map(stage => stage.map((body): Action => ({ ...body, cause: 'a bad idea' }))),
    waits: [],
    refusals: [],
  }
  return objectionsTo(plan, planInput(facts))
}

const promote = (ordinal: number): ActionBody => ({ kind: 'promote', ordinal })
const begin = (to: number): ActionBody => ({ kind: 'begin-operation', operation: operation({ to }) })
const follow = (ordinal: number, of: number): ActionBody => ({
  kind: 'follow',
  ordinal,
  master: of,
  nudge: false,
})
const stop = (ordinal: number, name: string): ActionBody => ({ kind: 'stop-container', ordinal, name })
const begun = memory(0, { operation: operation() })

test('nobody objects to what the planner plans', () => {
  const cases: readonly Case[] = [
    { memory: memory(null), seen: { resources: nothingThere } },
    { nodes: settledNodes() },
    { spec: { replicas: 0 }, nodes: settledNodes() },
    { nodes: [newborn(0), replica(1), stopped(2)] },
  ]
  for (const facts of cases) {
    const input = planInput(facts)
    assert.deepEqual(objectionsTo(planFlotilla(input), input), [])
  }
})

test('one plan does not promote two nodes', () => {
  assert.deepEqual(
    objections({ memory: begun, nodes: [newborn(0), newborn(1)] }, [begin(1)], [promote(0), promote(1)]),
    ['a plan promotes one node at most, this one promotes 2'],
  )
})

test('nobody is promoted before it is written down', () => {
  const facts = { nodes: [newborn(0)] }
  const objection = ['node 0 would be promoted before that is written down']
  assert.deepEqual(objections(facts, [promote(0)]), objection)
  assert.deepEqual(objections(facts, [promote(0)], [begin(0)]), objection)
  assert.deepEqual(objections(facts, [begin(0), promote(0)]), objection)
  assert.deepEqual(objections(facts, [begin(1)], [promote(0)]), objection)
  assert.deepEqual(objections(facts, [begin(0)], [promote(0)]), [])
  assert.deepEqual(objections({ ...facts, memory: begun }, [promote(0)]), [])
})

test('nobody is promoted beside a master that was not disarmed before', () => {
  const facts = { memory: begun, nodes: [newborn(0), master(1)] }
  const objection = ['node 0 would be promoted while node 1 is a master']
  assert.deepEqual(objections(facts, [promote(0)]), objection)
  assert.deepEqual(objections(facts, [promote(0)], [follow(1, 0)]), objection)
  assert.deepEqual(objections(facts, [promote(0), follow(1, 0)]), objection)
  assert.deepEqual(objections(facts, [follow(1, 0)], [promote(0)]), [])
})

test('no empty node is promoted over one that holds data', () => {
  const objection = ['node 0 is empty and would be promoted over node 1, which holds data']
  assert.deepEqual(
    objections({ memory: begun, nodes: [newborn(0, { keys: 0 }), replica(1)] }, [promote(0)]),
    objection,
  )
  assert.deepEqual(objections({ memory: begun, nodes: [stopped(0), replica(1)] }, [promote(0)]), objection)
  assert.deepEqual(
    objections({ memory: begun, nodes: [newborn(0, { keys: 0 }), replica(1, { keys: 0 })] }, [promote(0)]),
    [],
  )
})

test('nobody follows but the master', () => {
  assert.deepEqual(objections({ nodes: settledNodes() }, [follow(2, 1)]), [
    'node 2 would follow node 1, which is not the master',
  ])
  assert.deepEqual(objections({ memory: begun, nodes: [newborn(0)] }, [promote(0)], [follow(2, 1)]), [
    'node 2 would follow node 1, which is not the master',
  ])
  assert.deepEqual(objections({ nodes: settledNodes() }, [follow(2, 0)]), [])
})

test('nobody follows itself', () => {
  assert.deepEqual(objections({ nodes: [newborn(0)] }, [follow(0, 0)]), ['node 0 would follow itself'])
})

test('a container that takes writes is not stopped or removed', () => {
  const facts = { nodes: settledNodes() }
  const objection = ['shop-master (shop-0) is a master and would be taken away']
  assert.deepEqual(objections(facts, [stop(0, 'shop-master')]), objection)
  assert.deepEqual(
    objections(facts, [{ kind: 'remove-container', ordinal: 0, name: 'shop-master' }]),
    objection,
  )
  assert.deepEqual(objections(facts, [stop(1, 'shop-replica-1')]), [])
})

test('reconciling removes no data and no network', () => {
  assert.deepEqual(objections({}, [{ kind: 'remove-volume', ordinal: 3, volume: 'shop-3' }]), [
    'remove-volume has no place in a reconciling plan',
  ])
  assert.deepEqual(objections({}, [{ kind: 'remove-network', network: 'shop' }]), [
    'remove-network has no place in a reconciling plan',
  ])
})

test('one stage gives a node one order', () => {
  const start: ActionBody = { kind: 'start-container', ordinal: 1, name: 'shop-replica-1' }
  const facts = { nodes: settledNodes(0) }
  assert.deepEqual(objections(facts, [start], [start, follow(1, 0)]), [
    'stage 2 gives one node two orders at once',
  ])
  assert.deepEqual(
    objections(facts, [{ kind: 'create-volume', ordinal: 1, volume: 'shop-1' }, start], [follow(1, 0)]),
    [],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Request } from '../../../src/reconciler/memory.js'
import type { NodeSeen } from '../../../src/reconciler/observation.js'
import { objectionsTo } from '../../../src/reconciler/plan/invariants.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, ActionBody, Plan } from '../../../src/reconciler/plan/plan.js'
import {
  master,
  memory,
  newborn,
  node,
  nothingThere,
  operation,
  planInput,
  replica,
  request,
  settledNodes,
  spec,
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
const begunFailover = memory(0, { operation: operation({ kind: 'failover', to: 1 }) })
const linkDown = { upstream: { link: 'down', lastIoSeconds: null } } as const

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

test('nobody is promoted while the old master runs and says nothing, unless it is killed before', () => {
  const kill: ActionBody = { kind: 'kill-container', ordinal: 0, name: 'shop-master' }
  const named = { name: 'shop-master' }
  const silent: readonly NodeSeen[] = [
    node(0, { container: named, probe: { kind: 'hung', reason: 'nothing', lastByteAtMs: null } }),
    node(0, { container: named, probe: { kind: 'busy', reason: 'BUSY' } }),
    node(0, { container: named, probe: { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } }),
    node(0, { container: { ...named, state: 'paused' } }),
    node(0, { container: { ...named, state: 'restarting' } }),
  ]
  for (const old of silent) {
    const facts = { memory: begunFailover, nodes: [old, replica(1, linkDown)] }
    const objection = ['node 1 would be promoted while node 0, the old master, may still take writes']
    assert.deepEqual(objections(facts, [promote(1)]), objection)
    assert.deepEqual(objections(facts, [promote(1)], [kill]), objection)
    assert.deepEqual(objections(facts, [promote(1), kill]), objection)
    assert.deepEqual(objections(facts, [kill], [promote(1)]), [])
  }
})

test('an old master that refuses connections is sure to be gone only when every replica of it has lost it', () => {
  const refusing = node(0, {
    container: { name: 'shop-master' },
    probe: { kind: 'refused', reason: 'ECONNREFUSED' },
  })
  const objection = ['node 1 would be promoted while node 0, the old master, may still take writes']
  const of = (...replicas: readonly NodeSeen[]): readonly string[] =>
    objections({ memory: begunFailover, nodes: [refusing, ...replicas] }, [promote(1)])
  assert.deepEqual(of(replica(1, linkDown), replica(2, linkDown)), [])
  assert.deepEqual(of(replica(1, linkDown), replica(2)), objection)
  assert.deepEqual(of(newborn(1)), objection)
})

test("an old master that has ended, has no container or answers as a replica is in nobody's way", () => {
  for (const old of [[stopped(0)], [], [newborn(0)]])
    assert.deepEqual(
      objections({ memory: begunFailover, nodes: [...old, replica(1, linkDown)] }, [promote(1)]),
      [],
    )
})

test('a master may be stopped when a person has said that another one is right, and only then', () => {
  const nodes = [master(0), master(1, {}, { container: { name: 'shop-replica-1' } })]
  const word = (overrides: Partial<Request>): Case => ({
    memory: memory(0, { request: request(overrides) }),
    nodes,
  })
  const objection = ['shop-replica-1 (shop-1) is a master and would be taken away']
  const order = stop(1, 'shop-replica-1')
  assert.deepEqual(objections(word({ to: 0, force: true }), [order]), [])
  assert.deepEqual(objections(word({ to: 0 }), [order]), objection)
  assert.deepEqual(objections(word({ to: 1, force: true }), [order]), objection)
  assert.deepEqual(objections(word({ to: 0, force: true }), [stop(0, 'shop-master')]), [
    'shop-master (shop-0) is a master and would be taken away',
  ])
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

function removeVolume(ordinal: number) {
  return { kind: 'remove-volume', ordinal, volume: `shop-${ordinal}` } as const
}

test('the volume of a node that is scaled away goes only where that was asked for, after its container, while all that is left is whole', () => {
  const asked = spec({ replicas: 1, persistence: { ...spec().persistence, whenScaled: 'Delete' } })
  const remove = { kind: 'remove-container', ordinal: 2, name: 'shop-replica-2' } as const
  const facts = { spec: asked, nodes: settledNodes() }
  assert.deepEqual(objections(facts, [remove], [removeVolume(2)]), [])
  assert.deepEqual(objections(facts, [removeVolume(2)]), ['shop-2 would be removed while node 2 may use it'])
  const broken = [master(0), replica(1, { upstream: { link: 'down' } }), replica(2)]
  assert.deepEqual(objections({ ...facts, nodes: broken }, [remove], [removeVolume(2)]), [
    'shop-2 would be removed while not every other node is in sync',
  ])
  assert.deepEqual(
    objections({ ...facts, memory: memory(0, { divergent: [2] }) }, [remove], [removeVolume(2)]),
    ['shop-2 may hold what nobody else has'],
  )
  assert.deepEqual(objections({ ...facts, memory: memory(2) }, [remove], [removeVolume(2)]).slice(-1), [
    'shop-2 may hold what nobody else has',
  ])
})

test('reconciling removes no data and no network', () => {
  assert.deepEqual(objections({}, [removeVolume(3)]), ['nobody asked for shop-3 to be removed'])
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

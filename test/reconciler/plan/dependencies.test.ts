import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { needsIn } from '../../../src/reconciler/plan/dependencies.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, ActionBody, Plan } from '../../../src/model/plan.js'
import { renderAction } from '../../../src/reconciler/plan/render-plan.js'
import {
  master,
  memory,
  newborn,
  nothingThere,
  operation,
  planInput,
  replica,
  request,
  settledNodes,
  stopped,
  witnessed,
  type Case,
} from '../support/world.js'

/** What is left of a plan, as text, when the action with this text fails. */
function left(facts: Case, failed: string): readonly string[] {
  const plan = planFlotilla(planInput(facts))
  const needs = needsIn(plan)
  const notDone = plan.stages.flat().filter(action => renderAction(action) === failed)
  assert.equal(notDone.length, 1, `the plan has no "${failed}"`)
  const from = plan.stages.findIndex(stage => stage.some(action => notDone.includes(action)))
  const done: Action[] = []
  for (const stage of plan.stages.slice(from + 1)) {
    const possible = stage.filter(action => !notDone.some(first => needs(action, first)))
    notDone.push(...stage.filter(action => !possible.includes(action)))
    done.push(...possible)
  }
  return done.map(renderAction)
}

/** Whether `then` needs `first` in a plan that changes masters, and in one that does not. */
function need(then: ActionBody, first: ActionBody): { readonly amid: boolean; readonly else: boolean } {
  const [one, other] = [
    { ...first, cause: '' },
    { ...then, cause: '' },
  ]
  const plan = (...more: readonly Action[]): Plan => ({
    flotilla: 'shop',
    stages: [[one], [other], more],
    waits: [],
    refusals: [],
    failing: [],
  })
  const end: Action = {
    ...{ kind: 'end-operation', operation: operation(), result: 'done', cause: '' },
    ...{ offsetGapBytes: null, detail: null, lostKeys: 0 },
  }
  return { amid: needsIn(plan(end))(other, one), else: needsIn(plan())(other, one) }
}

const divergent = { ...memory(1), divergent: [0] }

describe('one node’s trouble is its own', () => {
  test('an old master whose data can not be set aside keeps neither the new one from its name nor another replica from starting', () => {
    const nodes = [stopped(0), master(1, {}, { container: { name: 'SHOP-MASTER' } }), stopped(2)]
    assert.deepEqual(left({ memory: divergent, nodes }, 'set aside the data of node 0 as epoch-1'), [
      'start shop-replica-2',
      'rename SHOP-MASTER to shop-master',
      'node 2 follows node 1',
      'apply config to node 2',
    ])
  })

  test('a replica that can not be created does not keep a new flotilla without a master', () => {
    const facts: Case = { memory: memory(null), nodes: [], seen: { resources: nothingThere } }
    const done = left(facts, 'create container shop-replica-2 (node 2)')
    for (const wanted of [
      'start shop-master',
      'promote node 0',
      'record creation: done',
      'node 1 follows node 0',
    ])
      assert.ok(done.includes(wanted), `${wanted} is not among:\n${done.join('\n')}`)
    assert.deepEqual(
      done.filter(text => text.includes('2')),
      [],
    )
  })
})

describe('a promotion needs every step before it', () => {
  const steps: readonly ActionBody[] = [
    { kind: 'begin-operation', operation: operation() },
    { kind: 'kill-container', ordinal: 0, name: 'shop-master' },
    { kind: 'pause-writes', ordinal: 0, forMs: 2_000 },
    { kind: 'catch-up', ordinal: 1, master: 0, withinMs: 500 },
    { kind: 'follow', ordinal: 0, master: 1, reconnect: false },
    { kind: 'stop-container', ordinal: 0, name: 'shop-master' },
    { kind: 'fence-source', source: 'old' },
    { kind: 'restore-login', ordinal: 1 },
    { kind: 'start-container', ordinal: 1, name: 'shop-replica-1' },
  ]
  for (const step of steps)
    test(`${step.kind} that fails stops it, and with it the end of the operation`, () => {
      const end: ActionBody = {
        ...{ kind: 'end-operation', operation: operation({ to: 1 }), result: 'done' },
        ...{ offsetGapBytes: null, detail: null, lostKeys: 0 },
      }
      assert.ok(need({ kind: 'promote', ordinal: 1 }, step).amid)
      assert.ok(need(end, step).amid)
    })

  test('a failover of which a step fails goes no further', () => {
    const down = { upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null } } as const
    const nodes = [stopped(0, { name: 'shop-master' }), replica(1, down), replica(2, down)]
    const facts: Case = { memory: witnessed([1, 2]), nodes, seen: { resources: null } }
    assert.deepEqual(left(facts, 'record failover: node 1 is to be master, epoch 2'), [])
    assert.deepEqual(left(facts, 'promote node 1'), [])
  })

  test('of a switchover whose target does not catch up nothing further is done', () => {
    const facts: Case = {
      nodes: settledNodes(),
      memory: memory(0, { request: request({ kind: 'switchover', to: 1 }) }),
    }
    assert.deepEqual(left(facts, 'wait until node 1 has all that node 0 has, 500 ms at most'), [])
  })

  test('a name that leads to the new master waiting for: the old one, restarted, is killed', () => {
    const rename: ActionBody = {
      kind: 'rename-container',
      ordinal: 1,
      name: 'shop-replica-1',
      to: 'shop-master',
    }
    const kill: ActionBody = { kind: 'kill-container', ordinal: 0, name: 'shop-master' }
    assert.deepEqual(need(rename, kill), { amid: true, else: false })
  })
})

describe('what is not of one node alone', () => {
  test('nothing is created without the network, nor without the image', () => {
    const create: ActionBody = {
      kind: 'create-container',
      ordinal: 1,
      name: 'shop-replica-1',
      volume: 'shop-1',
    }
    assert.ok(need(create, { kind: 'create-network', network: 'shop', subnet: null }).else)
    assert.ok(need(create, { kind: 'pull-image', image: 'redis:8' }).else)
  })

  test('a name is taken only when its holder has given it up', () => {
    const take: ActionBody = {
      kind: 'rename-container',
      ordinal: 1,
      name: 'shop-replica-1',
      to: 'shop-master',
    }
    assert.ok(
      need(take, { kind: 'rename-container', ordinal: 0, name: 'shop-master', to: 'shop-replica-0' }).else,
    )
    assert.ok(!need(take, { kind: 'rename-container', ordinal: 2, name: 'odd', to: 'shop-replica-2' }).else)
  })

  test('a password is current only when every node that was to be given it has it', () => {
    const adopt: ActionBody = { kind: 'activate-passwords', users: ['default'] }
    assert.ok(need(adopt, { kind: 'apply-users', ordinal: 2, name: 'shop-replica-2' }).else)
    assert.ok(need(adopt, { kind: 'write-config', ordinal: 2, name: 'shop-replica-2' }).else)
    assert.ok(
      !need(adopt, { kind: 'connect-network', ordinal: 2, name: 'shop-replica-2', network: 'web' }).else,
    )
  })

  test('a volume goes only when all else has succeeded', () => {
    const remove: ActionBody = { kind: 'remove-volume', ordinal: 3, volume: 'shop-3' }
    assert.ok(need(remove, { kind: 'rename-container', ordinal: 1, name: 'odd', to: 'shop-replica-1' }).else)
  })

  test('a node that can not be tuned is given its passwords all the same', () => {
    const apply: ActionBody = { kind: 'apply-users', ordinal: 1, name: 'shop-replica-1' }
    assert.ok(!need(apply, { kind: 'apply-config', ordinal: 1, options: {} }).else)
    assert.ok(need(apply, { kind: 'start-container', ordinal: 1, name: 'shop-replica-1' }).else)
  })
})

test('a follower of a master that is not up is not told to follow it', () => {
  const nodes = [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1), replica(2)]
  assert.deepEqual(left({ nodes, seen: { resources: null } }, 'promote node 0'), [])
})

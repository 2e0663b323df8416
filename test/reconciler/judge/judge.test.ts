import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Request } from '../../../src/model/record.js'
import type { ObservedNode, Observation } from '../../../src/model/observation.js'
import { appliedAuthFiles } from '../../../src/reconciler/plan/settings/users.js'
import { violationsOf } from '../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, ActionBody, Plan } from '../../../src/model/plan.js'
import {
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nothingThere,
  nowMs,
  operation,
  planInput,
  redisFacts,
  replica,
  request,
  settledNodes,
  spec,
  stopped,
  type Case,
} from '../support/world.js'

/** What is objected to these stages, in a world of these facts. */
function violations(facts: Case, ...stages: readonly (readonly ActionBody[])[]): readonly string[] {
  const plan: Plan = {
    flotilla: 'shop',
    stages: stages.map(stage => stage.map((body): Action => ({ ...body, cause: 'a bad idea' }))),
    waits: [],
    refusals: [],
    failing: [],
  }
  return violationsOf(plan, planInput(facts))
}

const promote = (ordinal: number): ActionBody => ({ kind: 'promote', ordinal })
const begin = (to: number): ActionBody => ({ kind: 'begin-operation', operation: operation({ to }) })
const follow = (ordinal: number, of: number): ActionBody => ({
  kind: 'follow',
  ordinal,
  master: of,
  reconnect: false,
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
    assert.deepEqual(violationsOf(planFlotilla(input), input), [])
  }
})

test('one plan does not promote two nodes', () => {
  assert.deepEqual(
    violations({ memory: begun, nodes: [newborn(0), newborn(1)] }, [begin(1)], [promote(0), promote(1)]),
    ['a plan promotes one node at most, this one promotes 2'],
  )
})

test('nobody is promoted before it is written down', () => {
  const facts = { nodes: [newborn(0)] }
  const violation = ['node 0 would be promoted before that is written down']
  assert.deepEqual(violations(facts, [promote(0)]), violation)
  assert.deepEqual(violations(facts, [promote(0)], [begin(0)]), violation)
  assert.deepEqual(violations(facts, [begin(0), promote(0)]), violation)
  assert.deepEqual(violations(facts, [begin(1)], [promote(0)]), violation)
  assert.deepEqual(violations(facts, [begin(0)], [promote(0)]), [])
  assert.deepEqual(violations({ ...facts, memory: begun }, [promote(0)]), [])
})

test('nobody is promoted beside a master that was not disarmed before', () => {
  const facts = { memory: begun, nodes: [newborn(0), master(1)] }
  const violation = ['node 0 would be promoted while node 1 is a master']
  assert.deepEqual(violations(facts, [promote(0)]), violation)
  assert.deepEqual(violations(facts, [promote(0)], [follow(1, 0)]), violation)
  assert.deepEqual(violations(facts, [promote(0), follow(1, 0)]), violation)
  assert.deepEqual(violations(facts, [follow(1, 0)], [promote(0)]), [])
})

test('a change of master by others is written down only for the one node that is master, and not beside a former one that may be', () => {
  const adopt = (to: number): ActionBody => ({
    kind: 'begin-operation',
    operation: operation({ kind: 'external', from: 0, to }),
  })
  const violated = (...nodes: readonly ObservedNode[]): boolean =>
    violations({ nodes }, [adopt(1)]).length > 0
  assert.equal(violated(replica(0), master(1)), false)
  assert.equal(violated(stopped(0), master(1)), false)
  assert.equal(violated(replica(0), replica(1)), true)
  assert.equal(violated(master(0), master(1)), true)
  assert.equal(violated(replica(0), replica(1), master(2)), true)
  assert.equal(violated(node(0), master(1)), true)
})

test('a replica that is no copy is promoted only by force, and gives up what it holds only to a master', () => {
  const divergence = { runId: 'run-1', reason: 'it takes writes of its own', atMs: 0 }
  const diverged = memory(0, { nodes: [nodeRecord(1, { divergence })], operation: operation({ to: 1 }) })
  const nodes = [stopped(0), replica(1)]
  const violation = 'node 1 would be promoted and is no copy of the master: it takes writes of its own'
  assert.deepEqual(violations({ memory: diverged, nodes }, [promote(1)]), [violation])
  const forced = { ...diverged, request: request({ to: 1, force: true }) }
  assert.deepEqual(violations({ memory: forced, nodes }, [promote(1)]), [])
  assert.deepEqual(
    violations({ memory: diverged, nodes: [stopped(0), replica(1, { runId: 'run-after' })] }, [promote(1)]),
    [],
  )
  const copy: ActionBody = {
    ...{ kind: 'follow', ordinal: 1, master: 0, reconnect: false },
    fullCopy: { runId: 'run-1', errors: 0 },
  }
  assert.deepEqual(violations({ nodes: [master(0), replica(1)] }, [copy]), [])
  assert.deepEqual(violations({ nodes: [newborn(0), replica(1)] }, [copy]), [
    'node 1 would give up what it holds, and node 0 is no master',
  ])
  assert.deepEqual(violations({ memory: begun, nodes: [newborn(0), replica(1)] }, [promote(0)], [copy]), [])
})

test('nobody is promoted while the old master runs and says nothing, unless it is killed before', () => {
  const kill: ActionBody = { kind: 'kill-container', ordinal: 0, name: 'shop-master' }
  const named = { name: 'shop-master' }
  const silent: readonly ObservedNode[] = [
    node(0, { container: named, probe: { kind: 'hung', reason: 'nothing', lastByteAtMs: null } }),
    node(0, { container: named, probe: { kind: 'busy', reason: 'BUSY' } }),
    node(0, { container: named, probe: { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } }),
    node(0, { container: { ...named, state: 'paused' } }),
    node(0, { container: { ...named, state: 'restarting' } }),
  ]
  for (const old of silent) {
    const facts = { memory: begunFailover, nodes: [old, replica(1, linkDown)] }
    const violation = ['node 1 would be promoted while node 0, the old master, may still take writes']
    assert.deepEqual(violations(facts, [promote(1)]), violation)
    assert.deepEqual(violations(facts, [promote(1)], [kill]), violation)
    assert.deepEqual(violations(facts, [promote(1), kill]), violation)
    assert.deepEqual(violations(facts, [kill], [promote(1)]), [])
  }
})

test('an old master that refuses connections is sure to be gone only when every replica of it has lost it', () => {
  const refusing = node(0, {
    container: { name: 'shop-master' },
    probe: { kind: 'refused', reason: 'ECONNREFUSED' },
  })
  const violation = ['node 1 would be promoted while node 0, the old master, may still take writes']
  const of = (...replicas: readonly ObservedNode[]): readonly string[] =>
    violations({ memory: begunFailover, nodes: [refusing, ...replicas] }, [promote(1)])
  assert.deepEqual(of(replica(1, linkDown), replica(2, linkDown)), [])
  assert.deepEqual(of(replica(1, linkDown), replica(2)), violation)
  assert.deepEqual(of(newborn(1)), violation)
})

test("an old master that has ended, has no container or answers as a replica is in nobody's way", () => {
  for (const old of [[stopped(0)], [], [newborn(0)]])
    assert.deepEqual(
      violations({ memory: begunFailover, nodes: [...old, replica(1, linkDown)] }, [promote(1)]),
      [],
    )
})

test('a master may be stopped when a person has said that another one is right, and only then', () => {
  const nodes = [master(0), master(1, {}, { container: { name: 'shop-replica-1' } })]
  const word = (overrides: Partial<Request>): Case => ({
    memory: memory(0, { request: request(overrides) }),
    nodes,
  })
  const violation = ['shop-replica-1 (shop-1) is a master and would be taken away']
  const order = stop(1, 'shop-replica-1')
  assert.deepEqual(violations(word({ to: 0, force: true }), [order]), [])
  assert.deepEqual(violations(word({ to: 0 }), [order]), violation)
  assert.deepEqual(violations(word({ to: 1, force: true }), [order]), violation)
  assert.deepEqual(violations(word({ to: 0, force: true }), [stop(0, 'shop-master')]), [
    'shop-master (shop-0) is a master and would be taken away',
  ])
})

test('no empty node is promoted over one that holds data', () => {
  const violation = ['node 0 is empty and would be promoted over node 1, which holds data']
  assert.deepEqual(
    violations({ memory: begun, nodes: [newborn(0, { keys: 0 }), replica(1)] }, [promote(0)]),
    violation,
  )
  assert.deepEqual(violations({ memory: begun, nodes: [stopped(0), replica(1)] }, [promote(0)]), violation)
  assert.deepEqual(
    violations({ memory: begun, nodes: [newborn(0, { keys: 0 }), replica(1, { keys: 0 })] }, [promote(0)]),
    [],
  )
  const behind = (offset: number, replid = 'replid-a') =>
    violations({ memory: begun, nodes: [replica(0, { keys: 0 }), replica(1, { offset, replid })] }, [
      promote(0),
    ])
  assert.deepEqual(behind(990), [], 'further on in one history all was deleted')
  assert.deepEqual(behind(1_010), violation)
  assert.deepEqual(behind(990, 'replid-b'), violation)
})

test('nobody follows but the master', () => {
  assert.deepEqual(violations({ nodes: settledNodes() }, [follow(2, 1)]), [
    'node 2 would follow node 1, which is not the master',
  ])
  assert.deepEqual(violations({ memory: begun, nodes: [newborn(0)] }, [promote(0)], [follow(2, 1)]), [
    'node 2 would follow node 1, which is not the master',
  ])
  assert.deepEqual(violations({ nodes: settledNodes() }, [follow(2, 0)]), [])
})

test('nobody follows itself', () => {
  assert.deepEqual(violations({ nodes: [newborn(0)] }, [follow(0, 0)]), ['node 0 would follow itself'])
})

test('a container that takes writes is not stopped or removed', () => {
  const facts = { nodes: settledNodes() }
  const violation = ['shop-master (shop-0) is a master and would be taken away']
  assert.deepEqual(violations(facts, [stop(0, 'shop-master')]), violation)
  assert.deepEqual(
    violations(facts, [{ kind: 'remove-container', ordinal: 0, name: 'shop-master' }]),
    violation,
  )
  assert.deepEqual(violations(facts, [stop(1, 'shop-replica-1')]), [])
})

function removeVolume(ordinal: number) {
  return { kind: 'remove-volume', ordinal, volume: `shop-${ordinal}` } as const
}

test('the volume of a node that is scaled away goes only where that was asked for, after its container, while all that is left is whole', () => {
  const asked = spec({ replicas: 1, persistence: { ...spec().persistence, whenScaled: 'Delete' } })
  const remove = { kind: 'remove-container', ordinal: 2, name: 'shop-replica-2' } as const
  const facts = { spec: asked, nodes: settledNodes() }
  assert.deepEqual(violations(facts, [remove], [removeVolume(2)]), [])
  assert.deepEqual(violations(facts, [removeVolume(2)]), ['shop-2 would be removed while node 2 may use it'])
  const gone = memory(0, { volumesToRemove: [{ ordinal: 2, volume: 'shop-2' }] })
  assert.deepEqual(
    violations({ spec: asked, memory: gone, nodes: [master(0), replica(1)] }, [removeVolume(2)]),
    [],
  )
  assert.equal(violations({ ...facts, memory: gone }, [removeVolume(2)]).length, 1)
  const broken = [master(0), replica(1, { upstream: { link: 'down' } }), replica(2)]
  assert.deepEqual(violations({ ...facts, nodes: broken }, [remove], [removeVolume(2)]), [
    'shop-2 would be removed while not every other node is in sync',
  ])
  assert.deepEqual(
    violations({ ...facts, memory: memory(0, { divergent: [2] }) }, [remove], [removeVolume(2)]),
    ['shop-2 may hold what nobody else has'],
  )
  assert.deepEqual(violations({ ...facts, memory: memory(2) }, [remove], [removeVolume(2)]).slice(-1), [
    'shop-2 may hold what nobody else has',
  ])
})

test('what whoever is to be master holds stays where it is', () => {
  const setAside = (ordinal: number): ActionBody => ({
    kind: 'archive-data',
    ordinal,
    volume: `shop-${ordinal}`,
    folder: 'epoch-1',
  })
  const violation = ['what node 0 holds would be set aside, and it is to be master']
  assert.deepEqual(violations({ memory: begun }, [setAside(0)]), violation)
  assert.deepEqual(violations({ memory: memory(0) }, [setAside(0)]), violation)
  assert.deepEqual(violations({ memory: memory(0) }, [setAside(1)]), [])
})

test('a node comes back on the volume that it had, and nobody gets another’s', () => {
  const create = (ordinal: number, volume: string): ActionBody => ({
    ...{ kind: 'create-container', ordinal, name: `shop-replica-${ordinal}`, volume },
  })
  const facts = { nodes: settledNodes(2) }
  assert.deepEqual(violations(facts, [create(3, 'shop-2')]), [
    "node 3 would be put on shop-2, which is node 2's",
  ])
  assert.deepEqual(violations(facts, [create(2, 'new-2')]), ['node 2 has shop-2, and would be put on new-2'])
  assert.deepEqual(violations(facts, [create(3, 'shop-3')]), [])
})

test('reconciling removes no data and no network', () => {
  assert.deepEqual(violations({}, [removeVolume(3)]), ['nobody asked for shop-3 to be removed'])
  assert.deepEqual(violations({}, [{ kind: 'remove-network', network: 'shop' }]), [
    'remove-network has no place in a reconciling plan',
  ])
})

test('one stage gives a node one order', () => {
  const start: ActionBody = { kind: 'start-container', ordinal: 1, name: 'shop-replica-1' }
  const facts = { nodes: settledNodes(0) }
  assert.deepEqual(violations(facts, [start], [start, follow(1, 0)]), [
    'stage 2 gives one node two orders at once',
  ])
  assert.deepEqual(
    violations(facts, [{ kind: 'create-volume', ordinal: 1, volume: 'shop-1' }, start], [follow(1, 0)]),
    [],
  )
})

test('a master is disarmed by being stopped or killed as well as by following, and only where that is done to it', () => {
  const facts = { memory: begun, nodes: [newborn(0), master(1), replica(2)] }
  const violation = ['node 0 would be promoted while node 1 is a master']
  const kill = (ordinal: number): ActionBody => ({ kind: 'kill-container', ordinal, name: 'shop' })
  assert.deepEqual(violations(facts, [kill(1)], [promote(0)]), [])
  assert.deepEqual(violations(facts, [kill(2)], [promote(0)]), violation)
  assert.deepEqual(violations(facts, [follow(2, 0)], [promote(0)]), violation)
  assert.deepEqual(
    violations(facts, [{ kind: 'apply-config', ordinal: 1, options: {} }], [promote(0)]),
    violation,
  )
  const stopped1 = violations(facts, [stop(1, 'shop-replica-1')], [promote(0)])
  assert.deepEqual(stopped1, ['shop-replica-1 (shop-1) is a master and would be taken away'])
})

test('who is promoted again is in nobody’s way', () => {
  assert.deepEqual(violations({ memory: begun, nodes: [master(0)] }, [promote(0)]), [])
  const silent = node(0, { probe: { kind: 'busy', reason: 'BUSY' } })
  assert.deepEqual(violations({ memory: begun, nodes: [silent] }, [promote(0)]), [])
})

test('an old master that may live is no reason against a plan that promotes nobody', () => {
  const silent = node(0, { probe: { kind: 'busy', reason: 'BUSY' } })
  assert.deepEqual(violations({ nodes: [silent, replica(1)] }, [follow(1, 0)]), [])
})

test('to kill another node makes nothing sure of the old master', () => {
  const silent = node(0, { container: { name: 'shop-master' }, probe: { kind: 'busy', reason: 'BUSY' } })
  const facts = { memory: begunFailover, nodes: [silent, replica(1, linkDown), replica(2, linkDown)] }
  const violation = ['node 1 would be promoted while node 0, the old master, may still take writes']
  const kill: ActionBody = { kind: 'kill-container', ordinal: 2, name: 'shop-replica-2' }
  assert.deepEqual(violations(facts, [kill], [promote(1)]), violation)
  assert.deepEqual(
    violations(facts, [{ kind: 'start-container', ordinal: 0, name: 'shop-master' }], [promote(1)]),
    violation,
  )
})

test('where a promotion is under way, its node is one of the two that a person may keep', () => {
  const nodes = [master(0), master(1, {}, { container: { name: 'shop-replica-1' } })]
  const word = (to: number): Case => ({
    memory: memory(2, { operation: operation({ to: 0 }), request: request({ to, force: true }) }),
    nodes,
  })
  assert.deepEqual(violations(word(0), [stop(1, 'shop-replica-1')]), [])
  assert.deepEqual(violations(word(1), [stop(0, 'shop-master')]), [
    'shop-master (shop-0) is a master and would be taken away',
  ])
})

test('of the nodes that serve one is recreated at a time, and another one is in sync meanwhile', () => {
  const again = (ordinal: number): readonly (readonly ActionBody[])[] => [
    [stop(ordinal, 'shop')],
    [{ kind: 'create-container', ordinal, name: 'shop', volume: `shop-${ordinal}` }],
  ]
  const only = ['node 1 is the only synced copy, and would be recreated']
  assert.deepEqual(violations({ nodes: settledNodes() }, ...again(1)), [])
  assert.deepEqual(violations({ nodes: settledNodes() }, ...again(1), ...again(2)), [
    'nodes 1, 2 serve, and would be recreated at the same time',
  ])
  assert.deepEqual(violations({ nodes: settledNodes(1) }, ...again(1)), only)
  assert.deepEqual(violations({ nodes: [master(0), replica(1), replica(2, linkDown)] }, ...again(1)), only)
  assert.deepEqual(violations({ nodes: [master(0), replica(1), replica(2, linkDown)] }, ...again(2)), [])
  assert.deepEqual(violations({ nodes: settledNodes() }, ...again(1), [stop(2, 'shop')]), only)
  assert.deepEqual(violations({ spec: { replicas: 0 }, nodes: settledNodes(1) }, ...again(1)), [])
  // One that is only stopped, or only made, is not recreated.
  assert.deepEqual(violations({ nodes: settledNodes(1) }, [stop(1, 'shop')]), [])
  assert.deepEqual(violations({ nodes: settledNodes(1) }, ...again(1).slice(1)), [])
})

test("the flotilla's own network is neither joined nor left", () => {
  const order = (kind: 'connect-network' | 'disconnect-network', network: string): ActionBody => ({
    ...{ kind, ordinal: 1, name: 'shop-replica-1', network },
  })
  const facts = { nodes: settledNodes() }
  assert.deepEqual(violations(facts, [order('connect-network', 'shop')]), [
    "shop-replica-1 would join the flotilla's own network",
  ])
  assert.deepEqual(violations(facts, [order('disconnect-network', 'shop')]), [
    "shop-replica-1 would leave the flotilla's own network",
  ])
  assert.deepEqual(violations(facts, [order('connect-network', 'web')]), [])
})

test('a node joins and leaves several networks at once, each once', () => {
  const order = (kind: 'connect-network' | 'disconnect-network', network: string): ActionBody => ({
    ...{ kind, ordinal: 1, name: 'shop-replica-1', network },
  })
  const facts = { nodes: settledNodes() }
  const twice = ['stage 1 gives one node two orders at once']
  for (const kind of ['connect-network', 'disconnect-network'] as const) {
    assert.deepEqual(violations(facts, [order(kind, 'web'), order('connect-network', 'jobs')]), [])
    assert.deepEqual(violations(facts, [order(kind, 'web'), order(kind, 'web')]), twice)
  }
  const start: ActionBody = { kind: 'start-container', ordinal: 1, name: 'shop-replica-1' }
  assert.deepEqual(violations(facts, [start, start]), twice)
})

test('a port is closed only while the node listens on the other one and nobody follows by the one that goes', () => {
  const transport = { plainPort: 6379, tlsPort: 6380, fingerprint: 'f', encryptsReplication: true }
  const close = (port: 'plain' | 'encrypted'): ActionBody => ({
    ...{ kind: 'set-port', ordinal: 0, port, open: false },
  })
  const of = (
    given: Partial<typeof transport> | { readonly tlsPort: null } | undefined,
    followedBy: number,
    order: ActionBody,
  ): readonly string[] => {
    const facts = given === undefined ? {} : { transport: { ...transport, ...given } }
    return violations(
      { nodes: [master(0, facts), replica(1, { ...facts, upstream: { port: followedBy } })] },
      [order],
    )
  }
  assert.deepEqual(of({}, 6380, close('plain')), [])
  assert.deepEqual(of({}, 6379, close('encrypted')), [])
  assert.deepEqual(of({}, 6379, close('plain')), [
    'the plain port of node 0 would be closed while node 1 follows by it',
  ])
  assert.deepEqual(of({}, 6380, close('encrypted')), [
    'the encrypted port of node 0 would be closed while node 1 follows by it',
  ])
  assert.deepEqual(of({ tlsPort: 0 }, 6380, close('plain')), [
    'the plain port of node 0 would be closed, and it listens on no other',
  ])
  assert.deepEqual(of({ tlsPort: null }, 6380, close('plain')), [
    'the plain port of node 0 would be closed, and it listens on no other',
  ])
  assert.deepEqual(of({ plainPort: 0 }, 6379, close('encrypted')), [
    'the encrypted port of node 0 would be closed, and it listens on no other',
  ])
  assert.equal(of(undefined, 6379, close('plain')).length, 2)
  const open: ActionBody = { kind: 'set-port', ordinal: 0, port: 'plain', open: true }
  assert.deepEqual(of({ tlsPort: 0 }, 6379, open), [])
})

const displayName = 'redis-old'
const from = { kind: 'container', container: displayName, passwordFile: null } as unknown as NonNullable<
  ReturnType<typeof memory>['source']
>['from']
const following = memory(null, {
  source: { from, leader: 0, phase: 'followed', network: null, sinceMs: 0 },
  operation: operation({ kind: 'take-over', phase: 'switching', from: null, to: 0 }),
})
const pause: ActionBody = { kind: 'pause-writes', source: displayName, forMs: 2_000 }
const catchUp: ActionBody = { kind: 'catch-up', ordinal: 0, source: displayName, withinMs: 500 }
const fence: ActionBody = { kind: 'fence-source', source: displayName }

function sourceSeen(role: 'master' | 'replica'): Pick<Observation, 'source'> {
  const probe = { kind: 'answered', facts: redisFacts({ role }) } as const
  return { source: { displayName, upstream: null, network: null, address: null, probe, problem: null } }
}

test('the source is fenced only when its writes wait and the leader has them all', () => {
  const facts: Case = { memory: following, nodes: [replica(0)], seen: sourceSeen('master') }
  const early = ['the source would be fenced before its writes wait and the leader has them all']
  assert.deepEqual(violations(facts, [pause], [catchUp], [fence], [promote(0)]), [])
  assert.deepEqual(violations(facts, [catchUp], [pause], [fence], [promote(0)]), early)
  assert.deepEqual(violations(facts, [pause, catchUp], [fence], [promote(0)]), early)
  assert.deepEqual(violations(facts, [pause], [catchUp, fence], [promote(0)]), early)
  assert.deepEqual(violations(facts, [pause], [fence], [catchUp], [promote(0)]), early)
  assert.deepEqual(violations(facts, [pause], [fence], [promote(0)]), early)
  assert.deepEqual(violations({ ...facts, memory: memory() }, [fence]), early)
})

test('the leader is promoted when the source is fenced, or is a replica already, or a person does not mind', () => {
  const of = (known: ReturnType<typeof memory>, seen: Partial<Observation>): readonly string[] =>
    violations({ memory: known, nodes: [replica(0)], seen }, [promote(0)])
  const early = ['a node would be promoted while the source may still take writes']
  const asked = (overrides: Partial<Request>) => ({ ...following, request: request(overrides) })
  assert.deepEqual(of(following, sourceSeen('master')), early)
  assert.deepEqual(of(following, sourceSeen('replica')), [])
  assert.deepEqual(of(following, {}), early)
  const silent = { ...sourceSeen('replica').source, probe: { kind: 'busy', reason: 'BUSY' } }
  assert.deepEqual(of(following, { source: silent as Observation['source'] }), early)
  assert.deepEqual(of(asked({ kind: 'take-over', force: true }), sourceSeen('master')), [])
  assert.deepEqual(of(asked({ kind: 'take-over' }), sourceSeen('master')), early)
  assert.deepEqual(of(asked({ kind: 'failover', force: true }), sourceSeen('master')), early)
  const left = { ...following, source: { ...following.source, phase: 'left' } } as typeof following
  assert.deepEqual(of(left, sourceSeen('master')), [])
  const both = violations(
    { memory: following, nodes: [replica(0)], seen: sourceSeen('master') },
    [pause],
    [catchUp],
  )
  assert.deepEqual(both, [])
  assert.deepEqual(
    violations(
      { memory: following, nodes: [replica(0)], seen: sourceSeen('master') },
      [pause],
      [catchUp],
      [fence, promote(0)],
    ),
    early,
  )
})

test('only the leader follows the source, when that is written down, and never a master', () => {
  const order = (ordinal: number): ActionBody => ({
    ...{ kind: 'follow-source', ordinal, source: displayName, upstream: { host: displayName, port: 6379 } },
  })
  const record = (leader: number): ActionBody => ({ kind: 'record-source', from, leader, network: null })
  const violation = (ordinal: number): readonly string[] => [
    `node ${ordinal} would follow a Redis of somebody else, and is not to`,
  ]
  const known = { ...following, operation: null }
  const nodes = [replica(0), replica(1)]
  assert.deepEqual(violations({ memory: known, nodes }, [order(0)]), [])
  assert.deepEqual(violations({ memory: known, nodes }, [order(1)]), violation(1))
  assert.deepEqual(violations({ memory: known, nodes: [replica(1), master(0)] }, [order(0)]), violation(0))
  const blank = memory(null)
  assert.deepEqual(violations({ memory: blank, nodes }, [record(1)], [order(1)]), [])
  assert.deepEqual(violations({ memory: blank, nodes }, [order(1)], [record(1)]), violation(1))
  assert.deepEqual(violations({ memory: blank, nodes }, [record(0)], [order(1)]), violation(1))
  assert.deepEqual(violations({ memory: blank, nodes }, [begin(1)], [order(1)]), violation(1))
  assert.deepEqual(violations({ memory: blank, nodes }, [order(1), record(1)]).slice(0, 1), violation(1))
  assert.deepEqual(violations({ memory: known, nodes }, [follow(1, 0)]), [])
})

test('our own passwords change when every container has been given the new ones, and no sooner', () => {
  const digest = 'today'
  const auth = (own: boolean, when: 'pending' | 'former'): NonNullable<Case['auth']> => {
    const user = { user: 'replication', own, untilMs: 0 }
    const others = { departed: [], others: [], problems: [], isPartial: false, digest }
    return { ...others, pending: when === 'pending' ? [user] : [], former: when === 'former' ? [user] : [] }
  }
  const adopt: ActionBody = { kind: 'activate-passwords', users: ['replication'] }
  const retire: ActionBody = { kind: 'retire-passwords', users: ['replication'], departed: [] }
  const give = (ordinal: number): ActionBody => ({ kind: 'apply-users', ordinal, name: 'shop' })
  const write: ActionBody = { kind: 'write-config', ordinal: 1, name: 'shop' }
  const nodes = settledNodes(1)
  const givenTo = (...ordinals: readonly number[]): ReturnType<typeof memory> =>
    memory(0, {
      nodes: nodes.map(({ ordinal, container }) =>
        nodeRecord(ordinal, {
          applied: appliedAuthFiles(container, ordinals.includes(ordinal) ? digest : 'yesterday'),
        }),
      ),
    })
  const late = ['the password of replication would change while node 1 may not accept it']
  for (const [order, when] of [
    [adopt, 'pending'],
    [retire, 'former'],
  ] as const) {
    const facts = { nodes, memory: givenTo(0), auth: auth(true, when) }
    assert.deepEqual(violations(facts, [order]), late)
    assert.deepEqual(violations({ ...facts, memory: givenTo(0, 1) }, [order]), [])
    assert.deepEqual(violations(facts, [give(1)], [order]), [])
    assert.deepEqual(violations(facts, [write], [order]), [])
    assert.deepEqual(violations(facts, [give(0)], [order]), late)
    assert.deepEqual(violations(facts, [follow(1, 0)], [order]), late)
    assert.deepEqual(violations(facts, [order], [give(1)]), late)
    assert.deepEqual(violations(facts, [give(1), order]), late)
    assert.deepEqual(violations({ ...facts, auth: auth(false, when) }, [order]), [])
    assert.deepEqual(violations(facts, [{ ...order, users: ['flotilla'] }]), [])
  }
  const facts = { nodes, auth: auth(true, 'pending') }
  assert.deepEqual(violations({ ...facts, memory: memory() }, [adopt]).length, 2)
  const removing = [master(0), node(1, { container: { state: 'removing' } })]
  assert.deepEqual(violations({ ...facts, nodes: removing, memory: givenTo(0) }, [adopt]), [])
  const other = { ...nodes[1]?.container, containerId: 'f'.repeat(64) } as ObservedNode['container']
  const recreated = [master(0), { ...replica(1), container: other }]
  assert.deepEqual(violations({ ...facts, nodes: recreated, memory: givenTo(0, 1) }, [adopt]), late)
  assert.deepEqual(violations({ nodes, memory: givenTo(0, 1) }, [adopt]), [
    'passwords would be changed that nobody has looked at',
  ])
  assert.deepEqual(violations({ nodes, memory: givenTo() }, [follow(1, 0)]), [])
})

test('what a person asked for is not begun after its time', () => {
  const asked = (atMs: number): Case => ({
    nodes: settledNodes(),
    memory: memory(0, { request: request({ kind: 'switchover', atMs, timeoutMs: 3_000 }) }),
  })
  const ofRequest = operation({ kind: 'switchover', from: 0, to: 1, requestId: request().requestId })
  const began: ActionBody = { kind: 'begin-operation', operation: ofRequest }
  assert.deepEqual(violations(asked(nowMs - 1_000), [began]), [])
  assert.deepEqual(violations(asked(nowMs - 3_000), [began]), [
    'the switchover that was asked for would be begun after its time',
  ])
})

test('nobody is promoted while a replica hears from a node that says nothing to us, unless that one is killed first', () => {
  const silent = node(1, { probe: { kind: 'hung', reason: 'no answer', lastByteAtMs: null } })
  const nodes = (link: 'up' | 'down') => [
    newborn(0),
    silent,
    replica(2, { upstream: { host: 'shop-1', link } }),
  ]
  const kill: ActionBody = { kind: 'kill-container', ordinal: 1, name: 'shop-1' }
  const reason = 'node 0 would be promoted while replicas hear from node 1, which says nothing to us'
  assert.deepEqual(violations({ nodes: nodes('up') }, [begin(0)], [promote(0)]), [reason])
  assert.deepEqual(violations({ nodes: nodes('up') }, [begin(0)], [kill], [promote(0)]), [])
  assert.deepEqual(violations({ nodes: nodes('down') }, [begin(0)], [promote(0)]), [])
})

test('who is never to be master is promoted by nobody but a person, or where it is the master already', () => {
  const failover = { ...spec().failover, priority: { 1: 0 } }
  const dead = { spec: { failover }, nodes: [stopped(0), replica(1, linkDown), replica(2, linkDown)] }
  const of = (facts: Case): readonly string[] => violations({ ...dead, ...facts }, [begin(1)], [promote(1)])
  const violation = 'node 1 would be promoted, and its priority is 0'
  assert.deepEqual(of({}), [violation])
  assert.deepEqual(of({ memory: memory(0, { request: request({ to: 1 }) }) }), [violation])
  assert.deepEqual(of({ memory: memory(0, { request: request({ to: 1, force: true }) }) }), [])
  assert.deepEqual(of({ memory: memory(0, { operation: operation({ kind: 'failover', to: 1 }) }) }), [])
  assert.deepEqual(violations({ ...dead, memory: begunFailover }, [promote(2)]).includes(violation), false)
})

test('the last step of a roll that waits for approval is begun for nobody who has not approved it', () => {
  const handOver = (requestId: string | null): ActionBody => ({
    kind: 'begin-operation',
    operation: operation({ kind: 'switchover', phase: 'switching', to: 1, requestId }),
  })
  const of = (when: 'automatic' | 'approve', requestId: string | null): readonly string[] =>
    violations({ spec: { update: { ...spec().update, master: when } }, nodes: settledNodes() }, [
      handOver(requestId),
    ])
  assert.deepEqual(of('approve', null), ['node 0 would hand over though nobody has approved it'])
  assert.deepEqual(of('approve', 'request-1'), [])
  assert.deepEqual(of('automatic', null), [])
})

test('a flotilla that is hibernated loses no container before its master has saved', () => {
  const asleep = { hibernate: true }
  const during = (phase: 'saving' | 'saved') =>
    memory(0, { hibernation: { phase, sinceMs: nowMs, giveUpAtMs: nowMs + 1_000 } })
  const shutDown = (ordinal: number): ActionBody => ({
    ...{ kind: 'shut-down', ordinal, name: 'shop-master', snapshot: false, withinMs: 1_000 },
  })
  const remove: ActionBody = { kind: 'remove-container', ordinal: 1, name: 'shop-replica-1' }
  const saved: ActionBody = { kind: 'record-hibernation', phase: 'saved' }
  const killed = [stopped(0, { name: 'shop-master', exitCode: 137 }), replica(1)]
  const ended = [stopped(0, { name: 'shop-master', exitCode: 0 }), replica(1)]
  const taken = ['shop-replica-1 would be taken away before the master has saved what it holds']
  assert.deepEqual(
    violations({ spec: asleep, memory: during('saving'), nodes: settledNodes() }, [shutDown(0)]),
    [],
  )
  assert.equal(violations({ memory: memory(0), nodes: settledNodes() }, [shutDown(0)]).length, 1)
  assert.equal(
    violations({ spec: asleep, memory: during('saving'), nodes: settledNodes() }, [shutDown(1)]).length,
    1,
  )
  assert.deepEqual(
    violations({ spec: asleep, memory: during('saving'), nodes: settledNodes() }, [remove]),
    taken,
  )
  assert.deepEqual(
    violations({ spec: asleep, memory: during('saved'), nodes: settledNodes() }, [remove]),
    taken,
  )
  assert.deepEqual(violations({ spec: asleep, memory: during('saved'), nodes: ended }, [remove]), [])
  assert.equal(violations({ spec: asleep, memory: during('saving'), nodes: killed }, [saved]).length, 1)
  assert.deepEqual(violations({ spec: asleep, memory: during('saving'), nodes: ended }, [saved]), [])
})

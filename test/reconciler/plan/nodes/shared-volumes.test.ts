import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import type { LocatedVolume } from '../../../../src/model/observation.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  follower,
  master,
  memory,
  nothingThere,
  planInput,
  replica,
  resources,
  settledNodes,
  stopped,
  type Case,
} from '../../support/world.js'

/** A volume at /srv, of a node whose container runs unless told otherwise. */
function at(ordinal: number, how: Partial<LocatedVolume> & { readonly path?: string } = {}): LocatedVolume {
  const { path = '/srv', ...rest } = how
  return {
    ...{ name: `shop-${ordinal}`, flotilla: 'shop', ordinal, location: { host: '', path } },
    user: { name: `shop-replica-${ordinal}`, runs: true },
    ...rest,
  }
}

const ended = (ordinal: number): Partial<LocatedVolume> => ({
  user: { name: `shop-replica-${ordinal}`, runs: false },
})

function planned(facts: Case, located: readonly LocatedVolume[]) {
  const input = planInput({ ...facts, seen: { resources: { ...resources(), located }, ...facts.seen } })
  const plan = planFlotilla(input)
  assert.deepEqual(violationsOf(plan, input), [])
  return {
    input,
    refused: plan.refusals.filter(({ code }) => code === 'VolumeShared'),
    done: plan.stages
      .flat()
      .flatMap(action => ('ordinal' in action ? [`${action.kind} ${action.ordinal}`] : [action.kind])),
  }
}

test('replicas that run in the master’s folder are told of, each, and nothing is done to them', () => {
  const { refused, done } = planned({ nodes: settledNodes(2) }, [at(0), at(1), at(2, { path: '/srv/2' })])
  assert.deepEqual(done, [])
  assert.deepEqual(
    refused.map(({ reason }) => reason),
    [
      "the volume shop-1 of node 1 is where shop-0 of node 0 is (/srv), and servers that share a folder destroy each other's data; both run",
      "the volume shop-2 of node 2 is where shop-0 of node 0 is (/srv/2), and servers that share a folder destroy each other's data; both run",
    ],
  )
  assert.equal(
    refused[0]?.remedy,
    'put {flotilla} and {ordinal} into spec.persistence.volume.options, then: docker rm -f shop-replica-1 && docker volume rm shop-1   (the files stay where they are; node 1 copies them to its own place)',
  )
})

test('the master keeps the place, whatever its number', () => {
  const nodes = [replica(0, { upstream: { host: 'shop-1' } }), master(1, { followers: [follower(0)] })]
  const { refused } = planned({ spec: { replicas: 1 }, memory: memory(1), nodes }, [at(0), at(1)])
  assert.deepEqual(
    refused.map(({ reason }) => reason.slice(0, 35)),
    ['the volume shop-0 of node 0 is where'.slice(0, 35)],
  )
})

test('an old master is neither archived nor started where the new one writes', () => {
  const nodes = [
    stopped(0),
    master(1, { followers: [follower(2)] }),
    replica(2, { upstream: { host: 'shop-1' } }),
  ]
  const { refused, done } = planned({ memory: memory(1, { divergent: [0] }), nodes }, [
    at(0, ended(0)),
    at(1),
  ])
  assert.deepEqual(
    refused.map(({ code }) => code),
    ['VolumeShared'],
  )
  assert.ok(!done.some(one => one.startsWith('archive-data') || one === 'start-container 0'), done.join())
})

test('of nodes that have all ended on one place the master is started, and the others wait', () => {
  const nodes = [stopped(0), stopped(1), stopped(2)]
  const { done } = planned({ memory: memory(1), nodes }, [at(0, ended(0)), at(1, ended(1)), at(2, ended(2))])
  assert.deepEqual(
    done.filter(one => one.startsWith('start-container')),
    ['start-container 1'],
  )
})

test('nothing is made where another flotilla’s volume is, running or left', () => {
  const usual = defaultPersistence('aof')
  const options = { type: 'none', o: 'bind', device: '/srv/{ordinal}' }
  const spec = { replicas: 0, persistence: { ...usual, volume: { ...usual.volume, options } } }
  for (const user of [null, { name: 'cart-master', runs: true }]) {
    const theirs = at(0, { name: 'cart-0', flotilla: 'cart', path: '/srv/0', user })
    const seen = { resources: { ...nothingThere, located: [theirs] } }
    const { refused, done } = planned({ spec, memory: memory(null), seen }, [])
    assert.ok(!done.includes('create-container 0'), done.join())
    assert.match(refused[0]?.reason ?? '', /is where cart-0 of node 0 of cart is/)
  }
})

test('a volume that a node left behind at the place of another one keeps nobody down', () => {
  const nodes = [...settledNodes(0), stopped(1)]
  const { refused, done } = planned({ spec: { replicas: 1 }, nodes }, [
    at(1, { ...ended(1), path: '/srv/1' }),
    at(7, { path: '/srv/1', user: null }),
  ])
  assert.deepEqual(refused, [])
  assert.ok(done.includes('start-container 1'))
})

test('the judge objects to a start where another server runs', () => {
  const { input } = planned({ nodes: [...settledNodes(1), stopped(2)] }, [at(0), at(2, ended(2))])
  const stages = [[{ kind: 'start-container', ordinal: 2, name: 'shop-replica-2', cause: '' }]] as const
  const violations = violationsOf({ flotilla: 'shop', stages, waits: [], refusals: [], failing: [] }, input)
  assert.deepEqual(violations, ['start-container of node 2 where shop-replica-0 runs: shop-2 is shop-0'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withApplied, type FlotillaMemory } from '../../../../src/model/record.js'
import { maxMemoryBytes, totalMemoryLimitBytes } from '../../../../src/reconciler/desired/max-memory.js'
import { appliedLimits } from '../../../../src/reconciler/plan/settings/resource-limits.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  container,
  follower,
  master,
  planInput,
  planIs,
  replica,
  settledNodes,
  spec,
  witnessed,
  type Case,
} from '../../support/world.js'

const mib = 1_048_576
const resources = { memoryBytes: 1024 * mib, cpus: 1.5 }

function limited(memory: FlotillaMemory, ordinals: readonly number[], to = resources): FlotillaMemory {
  return ordinals.reduce(
    (known, ordinal) => withApplied(known, ordinal, appliedLimits(container(ordinal), to)),
    memory,
  )
}

test('data gets seven tenths of what the backlog leaves, and all there is without a limit', () => {
  assert.equal(maxMemoryBytes({ memoryBytes: 1024 * mib, cpus: null }), 672 * mib)
  assert.equal(maxMemoryBytes({ memoryBytes: null, cpus: null }), 0)
})

test('each container is limited while it runs, after maxmemory went below what the limit will be', () => {
  planIs(
    {
      spec: { resources },
      memory: witnessed([1, 2]),
      nodes: settledNodes(),
      configPending: [0, 1, 2],
    },
    `
      1 apply-config 0
      1 apply-config 1
      1 apply-config 2
      2 limit-container 0 shop-master limits=memoryBytes:1073741824,cpus:1.5
      2 limit-container 1 shop-replica-1 limits=memoryBytes:1073741824,cpus:1.5
      2 limit-container 2 shop-replica-2 limits=memoryBytes:1073741824,cpus:1.5
      3 write-config 0 shop-master
      3 write-config 1 shop-replica-1
      3 write-config 2 shop-replica-2
    `,
    'resource-limits/each container is limited while it runs after maxmemory went',
  )
})

test('where the limit grows, it does so before maxmemory', () => {
  const facts = { memory: { usedBytes: 1, rssBytes: 1, maxBytes: 100 * mib } }
  planIs(
    {
      spec: { resources, replicas: 1 },
      memory: limited(witnessed([1]), [0, 1], { ...resources, memoryBytes: 200 * mib }),
      nodes: [master(0, { ...facts, followers: [follower(1)] }), replica(1, facts)],
      configPending: [0, 1],
    },
    `
      1 limit-container 0 shop-master limits=memoryBytes:1073741824,cpus:1.5
      1 limit-container 1 shop-replica-1 limits=memoryBytes:1073741824,cpus:1.5
      2 apply-config 0
      2 apply-config 1
      3 write-config 0 shop-master
      3 write-config 1 shop-replica-1
    `,
    'resource-limits/where the limit grows it does so before maxmemory',
  )
})

test('a node that uses more than the limit is not limited, which would end it, but waited for', () => {
  const full = { memory: { usedBytes: 600 * mib, rssBytes: 1_000 * mib, maxBytes: 0 } }
  planIs(
    {
      spec: { resources, replicas: 0 },
      memory: witnessed([]),
      nodes: [master(0, full)],
    },
    `
      1 write-config 0 shop-master
      wait 0 5000ms
    `,
    'resource-limits/a node that uses more than the limit is not limited which',
  )
})

const holding = (usedBytes: number, maxBytes = 0) => {
  const facts = { memory: { usedBytes, rssBytes: usedBytes, maxBytes } }
  return [master(0, { ...facts, followers: [follower(1)] }), replica(1, facts)]
}
const oneReplica = { resources, replicas: 1 }

test('memory that is in use is not taken away where nothing may be evicted: writes would be refused', () => {
  planIs(
    { spec: oneReplica, memory: witnessed([1]), nodes: holding(700 * mib) },
    `
      hold MemoryInUse
        spec.resources.memory
        spec.config.maxmemory-policy
    `,
    'resource-limits/memory that is in use is not taken away where nothing may',
  )
})

test('a node that is new meanwhile may hold as much as the others', () => {
  const nodes = holding(700 * mib, 800 * mib)
  assert.deepEqual(tunedMaxmemory({ spec: oneReplica, memory: witnessed([1]), nodes, configPending: [1] }), [
    String(800 * mib),
  ])
})

test('memory that is in use is taken away where the policy makes room', () => {
  const config = {
    options: { 'maxmemory-policy': ['allkeys-lru'] },
    live: { 'maxmemory-policy': 'allkeys-lru' },
    restart: [],
  }
  const asked = { ...oneReplica, config: config.options }
  const facts = {
    spec: asked,
    memory: witnessed([1], { config }),
    nodes: holding(700 * mib),
    configPending: [0],
  }
  assert.deepEqual(tunedMaxmemory(facts), [String(672 * mib)])
})

test('a node that is full to its maxmemory, as it was asked to be, holds nothing up', () => {
  planIs(
    { spec: oneReplica, memory: witnessed([1]), nodes: holding(673 * mib, 672 * mib) },
    `
      1 limit-container 0 shop-master limits=memoryBytes:1073741824,cpus:1.5
      1 limit-container 1 shop-replica-1 limits=memoryBytes:1073741824,cpus:1.5
      2 write-config 0 shop-master
      2 write-config 1 shop-replica-1
    `,
    'resource-limits/a node that is full to its maxmemory as it was asked to be',
  )
})

test('nothing is limited where no limits were ever asked for, and all is given back when they are taken away', () => {
  planIs({ memory: witnessed([1, 2]), nodes: settledNodes() }, 'nothing')
  planIs(
    { memory: limited(witnessed([1, 2]), [0, 1, 2]), nodes: settledNodes() },
    `
      1 limit-container 0 shop-master
      1 limit-container 1 shop-replica-1
      1 limit-container 2 shop-replica-2
    `,
    'resource-limits/nothing is limited where no limits were ever asked for and',
  )
})

/** What nodes are told to have. */
function tunedMaxmemory(facts: Case): readonly (string | undefined)[] {
  return planFlotilla(planInput(facts))
    .stages.flat()
    .flatMap(action => (action.kind === 'apply-config' ? [action.options['maxmemory']] : []))
}

test('the limits of all nodes of all flotillas are added up', () => {
  const specs = [spec({ resources, replicas: 2 }), spec({ replicas: 9 }), spec({ resources, replicas: 0 })]
  assert.equal(totalMemoryLimitBytes(specs.map(one => ({ spec: one }))), 4 * 1024 * mib)
})

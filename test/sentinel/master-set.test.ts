import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMemory, type FlotillaMemory, type Operation } from '../../src/model/record.js'
import type { NodeStatus } from '../../src/model/status.js'
import { masterSetOf, type MasterSetInput } from '../../src/sentinel/master-set.js'

const operation: Operation = {
  ...{ kind: 'failover', phase: 'fencing', epoch: 2, from: 0, to: 1, reason: 'it died' },
  ...{ troubleAtMs: 900, startedAtMs: 900, requestId: null },
} as const

/** shop-0 was promoted at 500 and seen as master at 1,000; shop-1 follows it. */
function input(changes: {
  readonly memory?: Partial<FlotillaMemory>
  readonly nodes?: readonly Partial<NodeStatus>[]
  readonly silent?: boolean
  readonly tls?: 'off' | 'require'
}): MasterSetInput {
  const nodes = changes.nodes ?? [
    { ordinal: 0, role: 'master', health: 'online' },
    { ordinal: 1, role: 'replica', health: 'online', link: 'up', offset: 70 },
  ]
  const container = { containerId: 'c', startedAtMs: 1, networks: [] }
  return {
    spec: {
      name: 'shop',
      tls: { mode: changes.tls ?? 'off' },
      failover: { hangTimeoutMs: 5_000 },
      gateway: null,
    },
    memory: {
      ...newMemory('shop'),
      master: { ordinal: 0, sinceMs: 500, lineage: null },
      epoch: 1,
      ...changes.memory,
    },
    status: { nodes },
    seen: { atMs: 1_000, nodes: [0, 1].map(ordinal => ({ ordinal, container, address: null, probe: null })) },
    isSilent: () => changes.silent === true,
  } as unknown as MasterSetInput
}

test('the record’s master that serves is the master, and one that is busy with a script still is', () => {
  assert.equal(masterSetOf(input({})).master?.alias, 'shop-0')
  const busy = [{ ordinal: 0, role: 'master', health: 'busy' }] as const
  assert.equal(masterSetOf(input({ nodes: busy })).master?.alias, 'shop-0')
})

for (const kind of ['failover', 'switchover', 'cold-start', 'restart'] as const)
  test(`while a ${kind} is under way nobody is master`, () => {
    const set = masterSetOf(input({ memory: { operation: { ...operation, kind } } }))
    assert.equal(set.master, null)
    assert.equal(set.recorded?.alias, 'shop-0')
    assert.ok(set.isChanging)
    assert.equal(set.isFailover, kind === 'failover')
  })

test('who was promoted since the last look is master, and the one before it is in no service', () => {
  const memory = { epoch: 2, master: { ordinal: 1, sinceMs: 1_020, lineage: null } }
  const set = masterSetOf(input({ memory }))
  assert.equal(set.master?.alias, 'shop-1')
  assert.deepEqual(
    set.replicas.map(({ alias, isInService }) => [alias, isInService]),
    [['shop-0', false]],
  )
})

for (const health of ['unreachable', 'stopped', 'unpromoted', 'loading', 'detached', 'absent'] as const)
  test(`a recorded master that is ${health} is not the master`, () => {
    const set = masterSetOf(input({ nodes: [{ ordinal: 0, role: 'master', health }] }))
    assert.equal(set.master, null)
    assert.ok(!set.isChanging)
  })

test('a recorded master that the last look has found to be a replica is not the master', () => {
  const nodes = [{ ordinal: 0, role: 'replica', health: 'online' }] as const
  assert.equal(masterSetOf(input({ nodes })).master, null)
})

test('one that has just fallen silent is in doubt, and a flotilla without a record has no master', () => {
  const set = masterSetOf(input({ silent: true }))
  assert.ok(set.isInDoubt)
  const none = masterSetOf(input({ silent: true, memory: { master: null } }))
  assert.deepEqual([none.master, none.isInDoubt], [null, false])
})

test('only a replica in sync is in service', () => {
  for (const health of ['syncing', 'diverged', 'unreachable', 'paused', 'detached'] as const) {
    const nodes = [
      { ordinal: 0, role: 'master', health: 'online' },
      { ordinal: 1, role: 'replica', health },
    ] as const
    assert.equal(masterSetOf(input({ nodes })).replicas[0]?.isInService, false, health)
  }
  const [replica] = masterSetOf(input({})).replicas
  assert.deepEqual([replica?.isInService, replica?.isLinkUp, replica?.offset], [true, true, 70])
})

test('where TLS is required clients use its port', () => {
  assert.deepEqual(
    (['off', 'require'] as const).map(tls => masterSetOf(input({ tls })).master?.port),
    [6379, 6380],
  )
})

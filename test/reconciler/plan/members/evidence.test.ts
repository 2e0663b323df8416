import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  follower,
  lineage,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nowMs,
  planIs,
  planText,
  replica,
  resources,
  settledNodes,
  stopped,
  redisFacts,
  spec,
} from '../../support/world.js'

/** Only the volumes of the two nodes are there. */
const two = { resources: resources({ volumes: ['shop-0', 'shop-1'] }) }
const named = { container: { name: 'shop-master', startedAtMs: nowMs - 500 } }
const linkDown = { upstream: { link: 'down', linkDownSeconds: 1, lastIoSeconds: null } } as const
const leftAt = (untilOffset: number) => ({
  replid: 'replid-s',
  previous: { replid: 'replid-a', untilOffset },
})

test('a master that comes back empty does not wipe those who hold its data', () => {
  planIs(
    {
      nodes: [newborn(0, { keys: 0 }, named), replica(1, linkDown), replica(2, linkDown)],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/a master that comes back empty does not wipe those who hold',
  )
})

test('a record that is older than the data does not make an empty master right', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { master: { ordinal: 0, sinceMs: nowMs, lineage: lineage({ keys: 0 }) } }),
      nodes: [newborn(0, { keys: 0 }, named), replica(1, linkDown)],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/a record that is older than the data does not make an',
  )
})

test('a master that comes back empty waits for the word of everybody else', () => {
  planIs(
    {
      memory: memory(0, { master: { ordinal: 0, sinceMs: nowMs, lineage: null } }),
      nodes: [newborn(0, { keys: 0 }, named), replica(1, { ...linkDown, keys: 0 }), stopped(2)],
    },
    `
      1 start-container 2 shop-replica-2
      wait 0 1000ms
    `,
    'evidence/a master that comes back empty waits for the word of everybody',
  )
})

/**
 * An empty master that came back so long ago, beside a frozen replica that held `keys` when it was last seen.
 */
const besideFrozen = (backForMs: number, had: number, keys: number | null) =>
  planText({
    spec: { replicas: 1 },
    memory: memory(0, {
      master: { ordinal: 0, sinceMs: 0, lineage: lineage({ keys: had }) },
      nodes: [nodeRecord(1, { lineage: keys === null ? null : lineage({ keys }) })],
    }),
    nodes: [
      newborn(0, { keys: 0 }, { container: { name: 'shop-master', startedAtMs: nowMs - backForMs } }),
      node(1, { container: { state: 'paused' } }),
    ],
    seen: two,
  })

test('an empty flotilla does not wait for a replica that says nothing for longer than half a minute', () => {
  assert.match(besideFrozen(29_000, 0, 0), /waiting for: node 0, the master: node 1 has answered too/)
  assert.match(besideFrozen(30_000, 0, 0), /promote node 0 {2}# every node was empty when it was last seen/)
})

test('where there may have been data a person is asked after half a minute, instead of waiting for ever', () => {
  for (const [had, keys] of [
    [10, 0],
    [0, 10],
    [0, null],
  ] as const)
    assert.match(
      besideFrozen(30_000, had, keys),
      /refuses \(DataLossGuard\): node 0 came back empty.*, and node 1, which says nothing, may hold data/,
    )
})

test('an empty master that was never known to hold anything is promoted among others as empty', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { master: { ordinal: 0, sinceMs: nowMs, lineage: lineage({ keys: 0 }) } }),
      nodes: [newborn(0, { keys: 0 }, named), replica(1, { ...linkDown, keys: 0 })],
      seen: { resources: null },
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      4 follow 1 master=0 reconnect
      5 apply-config 1
    `,
    'evidence/an empty master that was never known to hold anything is promoted',
  )
})

test('without persistence all come back empty: that is a cold start, and says what is gone', () => {
  planIs(
    {
      spec: { replicas: 1, persistence: defaultPersistence('none') },
      nodes: [newborn(0, { keys: 0 }, named), newborn(1, { keys: 0 })],
      seen: { resources: null },
    },
    `
      1 begin-operation cold-start epoch=2 from=0 to=0
      2 promote 0
      3 end-operation cold-start epoch=2 from=0 to=0 result=done lostKeys=10
      4 follow 1 master=0
      5 apply-config 1
    `,
    'evidence/without persistence all come back empty that is a cold start and',
  )
})

test('with persistence all empty is a loss that a person has to look at', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [newborn(0, { keys: 0 }, named), newborn(1, { keys: 0 })],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 0 --force
    `,
  )
})

test('a master that comes back from an old snapshot does not roll back those who hold more of the same history', () => {
  planIs(
    {
      spec: { replicas: 1, persistence: defaultPersistence('rdb') },
      nodes: [newborn(0, { keys: 4, replid: 'replid-a', offset: 400 }, named), replica(1, linkDown)],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/a master that comes back from an old snapshot does not roll',
  )
})

test('a master that comes back from an old snapshot waits for those who may hold more', () => {
  planIs(
    {
      spec: { replicas: 1, persistence: defaultPersistence('rdb') },
      nodes: [newborn(0, { keys: 4, replid: 'replid-a', offset: 400 }, named), stopped(1)],
    },
    `
      1 start-container 1 shop-replica-1
      wait 0 1000ms
    `,
    'evidence/a master that comes back from an old snapshot waits for those',
  )
})

test('a lost record of a healthy flotilla is written down again, and nothing is touched', () => {
  planIs(
    { memory: memory(null), nodes: settledNodes() },
    `
      1 begin-operation adoption epoch=1 to=0
      2 end-operation adoption epoch=1 to=0 result=done lostKeys=0
    `,
    'evidence/a lost record of a healthy flotilla is written down again and',
  )
})

test('without a record and with everything stopped, all are started and compared first', () => {
  planIs(
    { memory: memory(null), nodes: [stopped(0), stopped(1), stopped(2, { name: 'shop-master' })] },
    `
      1 start-container 0 shop-replica-0
      1 start-container 1 shop-replica-1
      1 start-container 2 shop-master
      wait 0 50ms
      wait 1 50ms
      wait 2 50ms
    `,
    'evidence/without a record and with everything stopped all are started and compared',
  )
})

test('without a record the name tells who was master', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0), newborn(1, {}, named)] },
    `
      1 begin-operation cold-start epoch=1 to=1
      2 promote 1
      3 end-operation cold-start epoch=1 to=1 result=done lostKeys=0
      4 follow 0 master=1
      5 apply-config 0
    `,
    'evidence/without a record the name tells who was master',
  )
})

test('without a record a node that is further in the same history is better than the name', () => {
  planIs(
    {
      memory: memory(null),
      spec: { replicas: 1 },
      seen: two,
      nodes: [
        newborn(0, { replid: 'replid-a', offset: 400 }, named),
        newborn(1, { replid: 'replid-a', offset: 1_000 }),
      ],
    },
    `
      1 begin-operation cold-start epoch=1 to=1
      2 promote 1
      3 rename-container 0 shop-master to=shop-replica-0
      4 rename-container 1 shop-replica-1 to=shop-master
      5 end-operation cold-start epoch=1 to=1 result=done lostKeys=0
      6 follow 0 master=1
      7 apply-config 0
    `,
    'evidence/without a record a node that is further in the same history',
  )
})

test('without record and name the only node with data is it', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0, { keys: 0 }), newborn(1)] },
    `
      1 begin-operation cold-start epoch=1 to=1
      2 promote 1
      3 rename-container 1 shop-replica-1 to=shop-master
      4 end-operation cold-start epoch=1 to=1 result=done lostKeys=0
      5 follow 0 master=1
      6 apply-config 0
    `,
    'evidence/without record and name the only node with data is it',
  )
})

test('an empty node that holds the name gives way to the only one with data', () => {
  planIs(
    {
      memory: memory(null),
      spec: { replicas: 1 },
      seen: two,
      nodes: [newborn(0, { keys: 0 }, named), newborn(1)],
    },
    `
      1 begin-operation cold-start epoch=1 to=1
      2 promote 1
      3 rename-container 0 shop-master to=shop-replica-0
      4 rename-container 1 shop-replica-1 to=shop-master
      5 end-operation cold-start epoch=1 to=1 result=done lostKeys=0
      6 follow 0 master=1
      7 apply-config 0
    `,
  )
})

test('without record and name the furthest of one history is it', () => {
  planIs(
    {
      memory: memory(null),
      spec: { replicas: 1 },
      seen: two,
      nodes: [
        newborn(0, { replid: 'replid-a', offset: 400 }),
        newborn(1, { replid: 'replid-a', offset: 900 }),
      ],
    },
    `
      1 begin-operation cold-start epoch=1 to=1
      2 promote 1
      3 rename-container 1 shop-replica-1 to=shop-master
      4 end-operation cold-start epoch=1 to=1 result=done lostKeys=0
      5 follow 0 master=1
      6 apply-config 0
    `,
    'evidence/without record and name the furthest of one history is it',
  )
})

test('histories that can not be compared are for a person to choose from', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0), newborn(1)] },
    `
      hold NoSafeCandidate
        flotilla failover shop --to 0 --force
    `,
    'evidence/histories that can not be compared are for a person to choose',
  )
})

test('of two masters without a record the one with the name is it', () => {
  planIs(
    {
      memory: memory(null),
      spec: { replicas: 1 },
      nodes: [master(0, {}, { container: { name: 'shop-replica-0' } }), master(1, { replid: 'replid-b' })],
    },
    `
      1 begin-operation adoption epoch=1 to=1
      2 end-operation adoption epoch=1 to=1 result=done lostKeys=0
    `,
    'evidence/of two masters without a record the one with the name is',
  )
})

test('of two masters without record and name nobody is it', () => {
  const unnamed = (ordinal: number) => ({ container: { name: `shop-replica-${ordinal}` } })
  planIs(
    {
      memory: memory(null),
      spec: { replicas: 1 },
      nodes: [master(0, {}, unnamed(0)), master(1, { replid: 'replid-b' }, unnamed(1))],
    },
    `
      hold NoSafeCandidate
        flotilla failover shop --to 0 --force
    `,
    'evidence/of two masters without record and name nobody is it',
  )
})

test("an empty master without a record does not become everybody's master", () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, nodes: [master(0, { keys: 0 }), replica(1, linkDown)] },
    `
      hold NoSafeCandidate
        flotilla failover shop --to 1 --force
    `,
    'evidence/an empty master without a record does not become everybodys master',
  )
})

test('an empty master without a record does not get stopped nodes started beside it', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, nodes: [master(0, { keys: 0 }), stopped(1)] },
    `
      hold NoSafeCandidate
        flotilla failover shop --to 0 --force
    `,
    'evidence/an empty master without a record does not get stopped nodes started',
  )
})

test('a replica that was made master by hand steps down before the recorded one is promoted', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        newborn(0, { replid: 'replid-a', offset: 1_000 }, named),
        master(1, leftAt(1_001), { container: { name: 'shop-replica-1' } }),
      ],
      seen: { resources: null },
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 follow 1 master=0
      3 promote 0
      4 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0 reconnect
      6 apply-config 1
    `,
  )
})

test("a replica that was made master by hand, and has taken writes since, is nobody's to demote", () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        newborn(0, { replid: 'replid-a', offset: 1_000 }, named),
        master(1, { ...leftAt(1_001), offset: 1_200 }, { container: { name: 'shop-replica-1' } }),
      ],
      seen: { resources: null },
    },
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
  )
})

test("nothing is started beside a node that took the master's name and role by hand, and lacks what was recorded", () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [stopped(0), master(1, { ...leftAt(901), followers: [follower(2)] })],
      seen: { resources: resources() },
    },
    `
      wait 0 1000ms
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/nothing is started beside a node that took the masters name and',
  )
})

test('a node that is too many may be the one that holds the data', () => {
  planIs(
    {
      spec: { replicas: 0, persistence: defaultPersistence('none') },
      nodes: [newborn(0, { keys: 0 }, named), replica(1, linkDown)],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/a node that is too many may be the one that holds',
  )
})

test('a recorded master that came back on a snapshot of an earlier history does not roll back whoever holds the recorded one', () => {
  const snapshots = redisFacts().persistence
  planIs(
    {
      spec: { replicas: 1, persistence: { ...spec().persistence, mode: 'rdb' } },
      memory: memory(0),
      nodes: [
        newborn(0, {
          keys: 6,
          replid: 'replid-of-before',
          offset: 300,
          persistence: { ...snapshots, aofEnabled: false },
        }),
        newborn(1, { keys: 10, replid: 'replid-a', offset: 900 }),
      ],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/a recorded master that came back on a snapshot of an earlier',
  )
})

test('where nobody holds the recorded history, a recorded master back on its snapshot does not roll back who has a later one', () => {
  const persistence = { ...redisFacts().persistence, aofEnabled: false }
  const back = (offset: number, of: number): Parameters<typeof planText>[0] => ({
    spec: { replicas: 1, persistence: { ...spec().persistence, mode: 'rdb' } },
    memory: memory(0),
    nodes: [
      newborn(0, { keys: 4, replid: 'replid-of-before', offset, persistence }),
      newborn(1, { keys: 14, replid: 'replid-between', offset: of, persistence }),
    ],
    seen: { resources: null },
  })
  planIs(
    back(298, 700),
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/where nobody holds the recorded history a recorded master',
  )
  planIs(
    back(298, 200),
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 rename-container 0 shop-replica-0 to=shop-master
      4 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0
      6 apply-config 1
    `,
    'evidence/where nobody holds the recorded history a recorded master (2)',
  )
  const pair = back(298, 700)
  const third = newborn(2, { keys: 20, replid: 'replid-later', offset: 900, persistence })
  planIs(
    {
      ...pair,
      spec: { ...pair.spec, replicas: 2 },
      nodes: [...(pair.nodes ?? []), third],
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 2 --force
    `,
    'evidence/where nobody holds the recorded history a recorded master (3)',
  )
})

test('an append-only file with more keys is not rolled back by a recorded master that is back on an older snapshot', () => {
  const back = (keys: number): Parameters<typeof planText>[0] => ({
    spec: { replicas: 1 },
    memory: memory(0),
    nodes: [
      newborn(0, {
        keys: 4,
        replid: 'replid-of-before',
        offset: 298,
        persistence: { ...redisFacts().persistence, aofEnabled: false },
      }),
      newborn(1, { keys, replid: 'replid-of-its-start', offset: 0 }),
    ],
    seen: { resources: null },
  })
  planIs(
    back(9),
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'evidence/an append-only file with more keys is not rolled back by a',
  )
  planIs(
    back(4),
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 rename-container 0 shop-replica-0 to=shop-master
      4 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0
      6 apply-config 1
    `,
    'evidence/an append-only file with more keys is not rolled back by a (2)',
  )
})

test('a recorded master that came back on a snapshot does not roll back whoever went on from that history under another master', () => {
  const left = { replid: 'replid-a', untilOffset: 1_001 }
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { master: { ordinal: 0, sinceMs: nowMs, lineage: null } }),
      nodes: [
        newborn(0, { keys: 6, replid: 'replid-a', offset: 300 }),
        newborn(1, { keys: 10, replid: 'replid-b', previous: left, offset: 1_400 }),
      ],
      seen: { resources: null },
    },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
  )
})

test('a recorded master that came back on a snapshot of an earlier history waits for whoever may hold the recorded one', () => {
  const snapshots = { ...redisFacts().persistence, aofEnabled: false }
  planIs(
    {
      spec: { replicas: 1, persistence: { ...spec().persistence, mode: 'rdb' } },
      memory: memory(0),
      nodes: [
        newborn(0, { keys: 6, replid: 'replid-of-before', offset: 300, persistence: snapshots }),
        stopped(1),
      ],
      seen: { resources: null },
    },
    `
      1 start-container 1 shop-replica-1
      wait 0 1000ms
    `,
    'evidence/a recorded master that came back on a snapshot of an earlier (2)',
  )
})

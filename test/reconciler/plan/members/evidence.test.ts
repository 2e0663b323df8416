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
      refuses (DataLossGuard): node 0 was master with 10 keys and came back empty; making it master would wipe the others (node 1 holds 10 keys, node 2 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
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
      refuses (DataLossGuard): node 0 is the recorded master and came back empty; making it master would wipe the others (node 1 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
  )
})

test('a master that comes back empty waits for the word of everybody else', () => {
  planIs(
    {
      memory: memory(0, { master: { ordinal: 0, sinceMs: nowMs, lineage: null } }),
      nodes: [newborn(0, { keys: 0 }, named), replica(1, { ...linkDown, keys: 0 }), stopped(2)],
    },
    `
      stage 1
        start shop-replica-2  # it ended with exit code 137
      waiting for: node 0, the master: node 2 has answered too: it came back empty
    `,
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
      stage 1
        record restart: node 0 is to be master, epoch 2  # it is the recorded master, and no node holds any data
      stage 2
        promote node 0  # it is the recorded master, and no node holds any data
      stage 3
        record restart: done  # it is promoted
      stage 4
        node 1 follows node 0 (nudged)  # its master is back
      stage 5
        tune node 1 for its version  # its process may be new
    `,
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
      stage 1
        record cold-start: node 0 is to be master, epoch 2  # every node came back empty, as persistence: none means; 10 keys are gone
      stage 2
        promote node 0  # every node came back empty, as persistence: none means; 10 keys are gone
      stage 3
        record cold-start: done  # it is promoted
      stage 4
        node 1 follows node 0  # it follows the link name "master", as every node does at birth, not the master
      stage 5
        tune node 1 for its version  # its process may be new
    `,
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
      refuses (DataLossGuard): node 0 was master with 10 keys and came back empty; no other node holds data, so making it master would end the search for it
        type: flotilla failover shop --to 0 --force
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
      refuses (DataLossGuard): node 0 is the recorded master and came back at offset 400 of a history that node 1 has up to 1000; making it master would wipe the others (node 1 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
  )
})

test('a master that comes back from an old snapshot waits for those who may hold more', () => {
  planIs(
    {
      spec: { replicas: 1, persistence: defaultPersistence('rdb') },
      nodes: [newborn(0, { keys: 4, replid: 'replid-a', offset: 400 }, named), stopped(1)],
    },
    `
      stage 1
        start shop-replica-1  # it ended with exit code 137
      waiting for: node 0, the master: node 1 has answered too: it came back at offset 400, and had come to 1000
    `,
  )
})

test('a lost record of a healthy flotilla is written down again, and nothing is touched', () => {
  planIs(
    { memory: memory(null), nodes: settledNodes() },
    `
    stage 1
      record adoption: node 0 is to be master, epoch 1  # it is the only master, and there was no record
    stage 2
      record adoption: done  # it is master already
  `,
  )
})

test('without a record and with everything stopped, all are started and compared first', () => {
  planIs(
    { memory: memory(null), nodes: [stopped(0), stopped(1), stopped(2, { name: 'shop-master' })] },
    `
    stage 1
      start shop-replica-0  # it ended with exit code 137
      start shop-replica-1  # it ended with exit code 137
      start shop-master  # it ended with exit code 137
    waiting for: node 0 answers: there is no record of who was master, so all histories are compared first
    waiting for: node 1 answers: there is no record of who was master, so all histories are compared first
    waiting for: node 2 answers: there is no record of who was master, so all histories are compared first
  `,
  )
})

test('without a record the name tells who was master', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0), newborn(1, {}, named)] },
    `
      stage 1
        record cold-start: node 1 is to be master, epoch 1  # it holds the master's name and 10 keys
      stage 2
        promote node 1  # it holds the master's name and 10 keys
      stage 3
        record cold-start: done  # it is promoted
      stage 4
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 5
        tune node 0 for its version  # its process may be new
    `,
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
      stage 1
        record cold-start: node 1 is to be master, epoch 1  # it is further along the history of node 0, which holds the master's name
      stage 2
        promote node 1  # it is further along the history of node 0, which holds the master's name
      stage 3
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 4
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 5
        record cold-start: done  # it is promoted
      stage 6
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 7
        tune node 0 for its version  # its process may be new
    `,
  )
})

test('without record and name the only node with data is it', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0, { keys: 0 }), newborn(1)] },
    `
      stage 1
        record cold-start: node 1 is to be master, epoch 1  # it is the only node that holds data (10 keys)
      stage 2
        promote node 1  # it is the only node that holds data (10 keys)
      stage 3
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 4
        record cold-start: done  # it is promoted
      stage 5
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 6
        tune node 0 for its version  # its process may be new
    `,
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
      stage 1
        record cold-start: node 1 is to be master, epoch 1  # it is the only node that holds data (10 keys)
      stage 2
        promote node 1  # it is the only node that holds data (10 keys)
      stage 3
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 4
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 5
        record cold-start: done  # it is promoted
      stage 6
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 7
        tune node 0 for its version  # its process may be new
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
      stage 1
        record cold-start: node 1 is to be master, epoch 1  # it is the furthest of one common history
      stage 2
        promote node 1  # it is the furthest of one common history
      stage 3
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 4
        record cold-start: done  # it is promoted
      stage 5
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 6
        tune node 0 for its version  # its process may be new
    `,
  )
})

test('histories that can not be compared are for a person to choose from', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, seen: two, nodes: [newborn(0), newborn(1)] },
    `
    refuses (NoSafeCandidate): several nodes hold data, their histories can not be compared, and there is no record of who was master (node 0: 10 keys, history replid-o@0; node 1: 10 keys, history replid-o@0)
      type: flotilla failover shop --to 0 --force   (node 0 holds 10 keys; what it lacks is lost)
  `,
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
      stage 1
        record adoption: node 1 is to be master, epoch 1  # of several masters it holds the name, and there was no record
      stage 2
        record adoption: done  # it is master already
    `,
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
      refuses (NoSafeCandidate): several nodes say that they are master, and there is no record of which is right (node 0: 10 keys, history replid-a@1000; node 1: 10 keys, history replid-b@1000)
        type: flotilla failover shop --to 0 --force   (node 0 holds 10 keys; what it lacks is lost)
    `,
  )
})

test("an empty master without a record does not become everybody's master", () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, nodes: [master(0, { keys: 0 }), replica(1, linkDown)] },
    `
      refuses (NoSafeCandidate): node 0 says that it is master and is empty, others hold data, and there is no record of who was master (node 0: 0 keys, history replid-a@1000; node 1: 10 keys, history replid-a@1000)
        type: flotilla failover shop --to 1 --force   (node 1 holds 10 keys; what it lacks is lost)
    `,
  )
})

test('an empty master without a record does not get stopped nodes started beside it', () => {
  planIs(
    { memory: memory(null), spec: { replicas: 1 }, nodes: [master(0, { keys: 0 }), stopped(1)] },
    `
    refuses (NoSafeCandidate): node 0 says that it is master and is empty, node 1 may hold data and does not answer, and there is no record of who was master (node 0: 0 keys, history replid-a@1000)
      type: flotilla failover shop --to 0 --force   (node 0 holds 0 keys; what it lacks is lost)
  `,
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
      stage 1
        record restart: node 0 is to be master, epoch 2  # it is the recorded master, back with 10 keys
      stage 2
        node 1 follows node 0  # it says that it is master and is not, and it has taken no write of its own
      stage 3
        promote node 0  # it is the recorded master, back with 10 keys
      stage 4
        record restart: done  # it is promoted
      stage 5
        node 1 follows node 0 (nudged)  # it says that it is master and is not, and it has taken no write of its own
      stage 6
        tune node 1 for its version  # its process may be new
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
      refuses (UnexpectedMaster): node 1 says that it is master, is not the one that is to be (node 0), and has taken 200 bytes of writes that the master lacks; making it follow would throw them away
        type: flotilla failover shop --to 0 --force   (node 0 is the master; what node 1 holds is set aside on its volume)
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
      waiting for: the name shop-master does not lead to node 1 any more, which says that it is master and is not: node 0 would copy its data at its start
      refuses (DataLossGuard): node 1 was made master by somebody else, and has the recorded history up to 900, which had come to 1000
        type: flotilla failover shop --to 1 --force   (node 1 stays master; what it lacks is lost)
    `,
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
      refuses (DataLossGuard): node 0 was master with 10 keys and came back empty; making it master would wipe the others (node 1 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
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
      refuses (DataLossGuard): node 0 is the recorded master and came back on a snapshot of an earlier history than the recorded one, which node 1 holds up to 900; making it master would wipe the others (node 1 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
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
  assert.match(
    planText(back(298, 700)),
    /refuses \(DataLossGuard\): node 0 .* an earlier history than the recorded one, and node 1 has come further, to 700 of another one; .*\n.*--to 1 --force/,
  )
  assert.match(planText(back(298, 200)), /record restart: node 0/)
  const pair = back(298, 700)
  const third = newborn(2, { keys: 20, replid: 'replid-later', offset: 900, persistence })
  const among = planText({
    ...pair,
    spec: { ...pair.spec, replicas: 2 },
    nodes: [...(pair.nodes ?? []), third],
  })
  assert.match(among, /node 2 has come further, to 900 of another one; .*\n.*--to 2 --force/)
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
  assert.match(
    planText(back(9)),
    /refuses \(DataLossGuard\): node 0 .*, and the append-only file of node 1 has more keys; .*\n.*--to 1 --force/,
  )
  assert.match(planText(back(4)), /record restart: node 0/)
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
      refuses (DataLossGuard): node 0 is the recorded master and came back at offset 300 of a history that node 1 has up to 1400; making it master would wipe the others (node 1 holds 10 keys)
        type: flotilla failover shop --to 1 --force
    `,
  )
})

test('a recorded master that came back on a snapshot of an earlier history waits for whoever may hold the recorded one', () => {
  const snapshots = { ...redisFacts().persistence, aofEnabled: false }
  const text = planText({
    spec: { replicas: 1, persistence: { ...spec().persistence, mode: 'rdb' } },
    memory: memory(0),
    nodes: [
      newborn(0, { keys: 6, replid: 'replid-of-before', offset: 300, persistence: snapshots }),
      stopped(1),
    ],
    seen: { resources: null },
  })
  assert.match(
    text,
    /waiting for: .*node 1 has answered too: it came back on a snapshot of an earlier history/,
  )
  assert.doesNotMatch(text, /promote/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Crash } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import {
  crash,
  follower,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nowMs,
  operation,
  planIs,
  planText,
  replica,
  resources,
  settledNodes,
  stopped,
} from '../../support/world.js'

const activeMaster = (...followers: number[]) => master(0, { followers: followers.map(follower) })

test('a crashed replica is started and follows again', () => {
  planIs(
    { nodes: [activeMaster(2), stopped(1), replica(2)] },
    `
    stage 1
      start shop-replica-1  # it ended with exit code 137
    stage 2
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 3
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a replica that the kernel killed is started with that cause', () => {
  const exit = { code: 137, oomKilled: true, atMs: nowMs - 100, error: null }
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), stopped(1, { container: { exit } })] },
    `
    stage 1
      start shop-replica-1  # the kernel killed it for want of memory
    stage 2
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 3
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a removed replica is created anew on its own volume', () => {
  planIs(
    { nodes: [activeMaster(2), replica(2)] },
    `
    stage 1
      create container shop-replica-1 (node 1)  # it is wanted and has no container
    stage 2
      start shop-replica-1  # it is wanted
    stage 3
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 4
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a volume that nobody looked for is made, which is no harm where it exists', () => {
  planIs(
    { nodes: [activeMaster(2), replica(2)], seen: { resources: null } },
    `
    stage 1
      create volume shop-1  # node 1 may have no volume yet
    stage 2
      create container shop-replica-1 (node 1)  # it is wanted and has no container
    stage 3
      start shop-replica-1  # it is wanted
    stage 4
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 5
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('the second quick crash is answered a second later', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, {
        nodes: [
          nodeRecord(1, {
            lineage: null,
            crashes: [crash({ atMs: nowMs - 3_000 }), crash({ atMs: nowMs - 400 })],
          }),
        ],
      }),
      nodes: [activeMaster(), stopped(1)],
    },
    `
      waiting for: the next start of node 1 is due, in 1 s: it ended 2 times within 30 s of its start
    `,
  )
})

test('a crash that is still to come, because the clock was set back, delays nothing', () => {
  const crashes = [crash({ atMs: nowMs + 900_000 }), crash({ atMs: nowMs + 902_000 })]
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { nodes: [nodeRecord(1, { lineage: null, crashes })] }),
      nodes: [activeMaster(), stopped(1)],
    },
    `
      stage 1
        start shop-replica-1  # it ended with exit code 137
      stage 2
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 3
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('the wait doubles with every quick crash', () => {
  const crashes = Array.from({ length: 4 }, (_, index) => crash({ atMs: nowMs - 4_000 + index * 1_000 }))
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { nodes: [nodeRecord(1, { lineage: null, crashes })] }),
      nodes: [activeMaster(), stopped(1)],
    },
    `
      waiting for: the next start of node 1 is due, in 3 s: it ended 4 times within 30 s of its start
    `,
  )
})

/** So many quick ends, a second apart, the last so long ago. */
const crashesUpTo = (count: number, agoMs: number, overrides: Partial<Crash> = {}) =>
  Array.from({ length: count }, (_, index) =>
    crash({ atMs: nowMs - agoMs - (count - 1 - index) * 1_000, ...overrides }),
  )
const looping = (crashes: readonly Crash[]) =>
  memory(0, { nodes: [nodeRecord(1, { lineage: null, crashes })] })

test('from the fifth quick crash in a row on people are told, with its last words and the time of its next start', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: looping(crashesUpTo(5, 3_000)),
      nodes: [activeMaster(), { ...stopped(1), lastLogLines: ['Bad directive', 'bye'] }],
    },
    `
      waiting for: the next start of node 1 is due, in 5 s: it ended 5 times within 30 s of its start
      refuses (CrashLooping): node 1 ended 5 times in a row within 30 s of its start, last with exit code 1; its next start is at 12:00:05 UTC; it said last: Bad directive | bye
        type: flotilla restart shop --node 1   (tries at once; mend the cause first. Its volume is kept)
    `,
  )
})

const long = stopped(1, { container: { createdAtMs: nowMs - 3_600_000 } })

test('however often a node has crashed it is started again, minutes apart in the end', () => {
  planIs(
    { spec: { replicas: 1 }, memory: looping(crashesUpTo(10, 256_000)), nodes: [activeMaster(), long] },
    `
      stage 1
        start shop-replica-1  # it ended with exit code 137
      stage 2
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 3
        tune node 1 for its version  # its process may be new
      refuses (CrashLooping): node 1 ended 10 times in a row within 30 s of its start, last with exit code 1; its next start is at 12:00:00 UTC
        type: flotilla restart shop --node 1   (tries at once; mend the cause first. Its volume is kept)
    `,
  )
  assert.match(
    planText({
      spec: { replicas: 1 },
      memory: looping(crashesUpTo(10, 200_000)),
      nodes: [activeMaster(), long],
    }),
    /the next start of node 1 is due, in 56 s/,
  )
})

const badFile =
  'Bad file format reading the append only file appendonly.aof.2.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'
const overItsData = (ordinal: number, count: number, said = badFile) => ({
  known: nodeRecord(ordinal, { crashes: crashesUpTo(count, 300_000) }),
  seen: {
    ...stopped(ordinal, {
      name: ordinal === 0 ? 'shop-master' : `shop-replica-${ordinal}`,
      container: { createdAtMs: nowMs - 3_600_000 },
    }),
    lastLogLines: [said],
  },
})

test('a replica whose server ends over its data is given another copy: its own is archived, and it starts with nothing', () => {
  const { known, seen } = overItsData(1, 2)
  planIs(
    { spec: { replicas: 1 }, memory: memory(0, { nodes: [known] }), nodes: [activeMaster(), seen] },
    `
      stage 1
        set aside the data of node 1 as unreadable  # its server can't read it (${badFile}), and the master has it all
      stage 2
        start shop-replica-1  # it ended with exit code 137
      stage 3
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 4
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('it is not archived after its first end, nor over other words, nor while nobody is master', () => {
  const planned = ({ known, seen }: ReturnType<typeof overItsData>, other = activeMaster()): string =>
    planText({ spec: { replicas: 1 }, memory: memory(0, { nodes: [known] }), nodes: [other, seen] })
  assert.match(planned(overItsData(1, 2)), /set aside/)
  assert.doesNotMatch(planned(overItsData(1, 1)), /set aside/)
  assert.doesNotMatch(planned(overItsData(1, 2, 'FATAL CONFIG FILE ERROR')), /set aside/)
  assert.doesNotMatch(planned(overItsData(1, 2, "Can't handle RDB format version 12")), /set aside/)
  assert.doesNotMatch(planned(overItsData(1, 2), stopped(0, { name: 'shop-master' })), /set aside/)
})

test('of a master that ends over its data a person is told at once which repair there is and what it loses', () => {
  const typed = (said: string, ...beside: readonly ObservedNode[]): string | undefined => {
    const { known, seen } = overItsData(0, 2, said)
    const text = planText({
      spec: { replicas: beside.length },
      memory: memory(0, { nodes: [known] }),
      nodes: [seen, ...beside],
    })
    assert.doesNotMatch(text, /set aside/)
    return /refuses \(CrashLooping\): node 0 .*\n +type: (.*)/.exec(text)?.[1]
  }
  const run = 'docker run --rm --volumes-from shop-master --entrypoint sh redis:8 -c'
  const cut = "(cuts the file off at the first place that can't be read: what was written after it is lost)"
  assert.equal(
    typed(badFile),
    `${run} 'yes | redis-check-aof --fix /data/appendonlydir/appendonly.aof.manifest'   ${cut}`,
  )
  assert.equal(
    typed('Bad file format reading the append only file: make a backup of your AOF file'),
    `${run} 'yes | redis-check-aof --fix /data/appendonly.aof'   ${cut}`,
  )
  assert.match(typed('Wrong RDB checksum expected: 1 got 2') ?? '', /mv \/data\/dump.rdb/)
  assert.equal(
    typed(badFile, newborn(1)),
    'flotilla failover shop --to 1 --force   (node 1 holds 10 keys; what it lacks is lost)',
  )
})

test('a node that keeps crashing is told of until it has run for half a minute', () => {
  const since = (ranMs: number): string =>
    planText({
      spec: { replicas: 1 },
      memory: looping(crashesUpTo(5, 40_000)),
      nodes: [activeMaster(1), replica(1, {}, { container: { startedAtMs: nowMs - ranMs } })],
    })
  assert.match(since(29_000), /CrashLooping.*it runs just now/)
  assert.doesNotMatch(since(30_000), /CrashLooping/)
})

test('a replica that can live is not kept waiting while the master has no other copy', () => {
  const unstable = nodeRecord(2, { crashes: crashesUpTo(2, 60_000) })
  const dueInMs = (served: boolean, ...beside: readonly ObservedNode[]): string =>
    planText({
      spec: { replicas: 1 + beside.length },
      memory: memory(0, {
        nodes: [nodeRecord(1, { lineage: null, crashes: crashesUpTo(8, 1_500, { served }) }), unstable],
      }),
      nodes: [activeMaster(), stopped(1), ...beside],
    })
  assert.match(dueInMs(true), /node 1 is due, in 1 s/)
  assert.match(dueInMs(false), /node 1 is due, in 63 s/)
  assert.match(dueInMs(true, replica(3)), /node 1 is due, in 63 s/)
  assert.match(dueInMs(true, replica(2)), /node 1 is due, in 1 s/, 'no copy to rely on: it crashes too')
})

test('while nobody takes writes the recorded master does not wait for minutes, and hardly at all when it can live', () => {
  const dueInMs = (served: boolean): string => {
    const crashes = crashesUpTo(10, 1_000, { served })
    return planText({
      spec: { replicas: 0 },
      memory: memory(0, { nodes: [nodeRecord(0, { lineage: null, crashes })] }),
      nodes: [stopped(0, { name: 'shop-master' })],
    })
  }
  assert.match(dueInMs(false), /node 0 is due, in 29 s/)
  assert.match(dueInMs(true), /node 0 is due, in 1 s/)
})

test('a run that lasted makes the next crash a first one again', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, {
        nodes: [nodeRecord(1, { lineage: null, crashes: [crash(), crash(), crash({ ranMs: 3_600_000 })] })],
      }),
      nodes: [activeMaster(), stopped(1)],
    },
    `
      stage 1
        start shop-replica-1  # it ended with exit code 137
      stage 2
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 3
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a crashed master without a living replica is started, and nothing is decided before it answers', () => {
  planIs(
    { nodes: [stopped(0, { name: 'shop-master' }), stopped(1), stopped(2)] },
    `
      stage 1
        start shop-master  # it ended with exit code 137
      stage 2
        start shop-replica-1  # it ended with exit code 137
        start shop-replica-2  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
    `,
  )
})

test('a container that Docker has left dead is removed, and not started again', () => {
  planIs(
    { nodes: [activeMaster(2), stopped(1, { container: { state: 'dead' } }), replica(2)] },
    `
      stage 1
        remove container shop-replica-1  # Docker has marked it for removal and can not start it any more (state dead); its volume is kept
    `,
  )
})

test('a dead container of an old master is removed though it still has the name of the master', () => {
  planIs(
    {
      memory: memory(1),
      nodes: [
        stopped(0, { name: 'shop-master', container: { state: 'dead' } }),
        master(1, { followers: [follower(2)] }, { container: { name: 'shop-MASTER' } }),
        replica(2, { upstream: { host: 'shop-1' } }),
      ],
    },
    `
      stage 1
        remove container shop-master  # Docker has marked it for removal and can not start it any more (state dead); its volume is kept
      waiting for: the container of node 0 gives up the name shop-master, which is node 1's
    `,
  )
})

test('a dead container that can’t be removed gives the name of the master up all the same', () => {
  const dead = stopped(0, { name: 'shop-master', container: { state: 'dead' } })
  const failed = {
    ...{
      key: 'remove-container 0',
      subject: `1 ${dead.container.containerId.slice(0, 12)} ${dead.container.startedAtMs ?? '-'}`,
    },
    ...{
      action: 'remove container shop-master',
      error: 'operation not permitted',
      hint: null,
      code: 'runtime/failed',
    },
    ...{ times: 3, sinceMs: nowMs - 5_000, lastAtMs: nowMs - 100 },
  } as const
  planIs(
    {
      memory: memory(1, { failed: [failed] }),
      nodes: [
        dead,
        master(1, { followers: [follower(2)] }, { container: { name: 'shop-MASTER' } }),
        replica(2, { upstream: { host: 'shop-1' } }),
      ],
    },
    `
      stage 1
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      failing: remove container shop-master: operation not permitted (3 times); next try in 2 s
    `,
  )
})

test('a master whose start has failed does not keep the replicas down', () => {
  const exit = { code: 128, oomKilled: false, atMs: nowMs - 100, error: 'no such device' }
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(0, { name: 'shop-master', container: { exit } }), stopped(1)] },
    `
      stage 1
        start shop-master  # its last start failed: no such device
      stage 2
        start shop-replica-1  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
    `,
  )
})

test('a master that is back with its data is promoted, and who waits for it is nudged', () => {
  const down = { upstream: { link: 'down', linkDownSeconds: 1, lastIoSeconds: null } } as const
  planIs(
    {
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1, down), replica(2, down)],
      seen: { resources: null },
    },
    `
      stage 1
        record restart: node 0 is to be master, epoch 2  # it is the recorded master, back with 10 keys
      stage 2
        promote node 0  # it is the recorded master, back with 10 keys
      stage 3
        record restart: done  # it is promoted
      stage 4
        node 1 follows node 0 (nudged)  # its master is back
        node 2 follows node 0 (nudged)  # its master is back
      stage 5
        tune node 1 for its version  # its process may be new
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a promotion that was begun is ended without being begun again', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { operation: operation() }),
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1)],
    },
    `
      stage 1
        promote node 0  # it is the recorded master, back with 10 keys (resumed)
      stage 2
        record restart: done  # it is promoted
    `,
  )
})

test('a promotion that was done but not written down is only written down', () => {
  planIs(
    { spec: { replicas: 1 }, memory: memory(0, { operation: operation() }), nodes: settledNodes(1) },
    `
    stage 1
      record restart: done  # it is promoted
  `,
  )
})

test('a replica of an older spec that had run well is started as it was: the new spec may be one that no node can live with', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), stopped(1, { hash: 'hash-before' })] },
    `
    stage 1
      start shop-replica-1  # it ended with exit code 137
    stage 2
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 3
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a replica of an older spec that ended soon after its start is recreated on its volume instead', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { nodes: [nodeRecord(1, { crashes: [crash()] })] }),
      nodes: [activeMaster(), stopped(1, { hash: 'hash-before' })],
    },
    `
    stage 1
      remove container shop-replica-1  # it was made from an older spec
    stage 2
      create container shop-replica-1 (node 1)  # it was made from an older spec; its volume is kept
    stage 3
      start shop-replica-1  # it ended with exit code 137
    stage 4
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
    stage 5
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('when the network is gone, the containers that lost it are recreated', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [stopped(0, { name: 'shop-master' }), stopped(1)],
      seen: { resources: resources({ network: { kind: 'absent' } }) },
    },
    `
      stage 1
        create network shop  # the flotilla has no network yet
      stage 2
        remove container shop-master  # its network is gone
        remove container shop-replica-1  # its network is gone
      stage 3
        create container shop-master (node 0)  # its network is gone; its volume is kept
        create container shop-replica-1 (node 1)  # its network is gone; its volume is kept
      stage 4
        start shop-master  # it ended with exit code 137
      stage 5
        start shop-replica-1  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
    `,
  )
})

test('when the network was recreated, the containers of the old one are too', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [activeMaster(), stopped(1)],
      seen: { resources: resources({ network: { kind: 'ours', networkId: 'net-2' } }) },
    },
    `
      stage 1
        remove container shop-replica-1  # its network was recreated
      stage 2
        create container shop-replica-1 (node 1)  # its network was recreated; its volume is kept
      stage 3
        start shop-replica-1  # it ended with exit code 137
      stage 4
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 5
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a container that the engine is removing is waited for', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), node(1, { container: { state: 'removing' } })] },
    `
    waiting for: the engine removes shop-replica-1
  `,
  )
})

test('a paused master is waited for, and its replicas are left alone', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [node(0, { container: { state: 'paused', name: 'shop-master' } }), replica(1)],
    },
    `
      waiting for: node 0, the master: docker unpause shop-master
    `,
  )
})

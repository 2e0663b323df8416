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
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
    `,
  )
})

test('a replica that the kernel killed is started with that cause', () => {
  const exit = { code: 137, oomKilled: true, atMs: nowMs - 100, error: null }
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), stopped(1, { container: { exit } })] },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
    `,
    'crash/a replica that the kernel killed is started with that cause',
  )
})

test('a removed replica is recreated on its own volume', () => {
  planIs(
    { nodes: [activeMaster(2), replica(2)] },
    `
      1 create-container 1 shop-replica-1
      2 start-container 1 shop-replica-1
      3 follow 1 master=0
      4 apply-config 1
    `,
  )
})

test('a volume that nobody looked for is made, which is no harm where it exists', () => {
  planIs(
    { nodes: [activeMaster(2), replica(2)], seen: { resources: null } },
    `
      1 create-volume 1 volume=shop-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
    `,
    'crash/a volume that nobody looked for is made which is no harm',
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
    'wait 1 600ms',
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
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
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
    'wait 1 3000ms',
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
      wait 1 5000ms
      hold CrashLooping
        flotilla restart shop --node 1
    `,
    'crash/from the fifth quick crash in a row on people are told',
  )
})

const long = stopped(1, { container: { createdAtMs: nowMs - 3_600_000 } })

test('however often a node has crashed it is started again, minutes apart in the end', () => {
  planIs(
    { spec: { replicas: 1 }, memory: looping(crashesUpTo(10, 256_000)), nodes: [activeMaster(), long] },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
      hold CrashLooping
        flotilla restart shop --node 1
    `,
    'crash/however often a node has crashed it is started again minutes apart',
  )
  planIs(
    {
      spec: { replicas: 1 },
      memory: looping(crashesUpTo(10, 200_000)),
      nodes: [activeMaster(), long],
    },
    `
      wait 1 56000ms
      hold CrashLooping
        flotilla restart shop --node 1
    `,
    'crash/however often a node has crashed it is started again minutes',
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
      1 archive-data 1 volume=shop-1 folder=unreadable unreadable
      2 start-container 1 shop-replica-1
      3 follow 1 master=0
      4 apply-config 1
    `,
    'crash/a replica whose server ends over its data is given another copy',
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
    return /refuses \(CrashLooping\): node 0 .*\n +fix: (.*)/.exec(text)?.[1]
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

test('a node that somebody has frozen is not told of as one that ended, whatever it did before', () => {
  const frozen = (ranMs: number): string =>
    planText({
      spec: { replicas: 1 },
      memory: looping(crashesUpTo(5, 40_000)),
      nodes: [activeMaster(1), node(1, { container: { state: 'paused', startedAtMs: nowMs - ranMs } })],
    })
  assert.doesNotMatch(frozen(600_000), /CrashLooping/)
  assert.doesNotMatch(frozen(1_000), /next start/)
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
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
    `,
  )
})

test('a crashed master without a living replica is started, and nothing is decided before it answers', () => {
  planIs(
    { nodes: [stopped(0, { name: 'shop-master' }), stopped(1), stopped(2)] },
    `
      1 start-container 0 shop-master
      2 start-container 1 shop-replica-1
      2 start-container 2 shop-replica-2
      wait 0 1000ms
    `,
  )
})

test('a container that Docker has left dead is removed, and not started again', () => {
  planIs(
    { nodes: [activeMaster(2), stopped(1, { container: { state: 'dead' } }), replica(2)] },
    '1 remove-container 1 shop-replica-1',
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
      1 remove-container 0 shop-master
      wait 1 1000ms
    `,
    'crash/a dead container of an old master is removed though it still',
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
      1 rename-container 0 shop-master to=shop-replica-0
      failing remove-container 0 shop-master: operation not permitted (3x, retry in 1900ms)
    `,
    'crash/a dead container that can’t be removed gives the name of the',
  )
})

test('a master whose start has failed does not keep the replicas down', () => {
  const exit = { code: 128, oomKilled: false, atMs: nowMs - 100, error: 'no such device' }
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(0, { name: 'shop-master', container: { exit } }), stopped(1)] },
    `
      1 start-container 0 shop-master
      2 start-container 1 shop-replica-1
      wait 0 1000ms
    `,
    'crash/a master whose start has failed does not keep the replicas down',
  )
})

test('a master that is back with its data is promoted, and who waits for it is reconnected', () => {
  const down = { upstream: { link: 'down', linkDownSeconds: 1, lastIoSeconds: null } } as const
  planIs(
    {
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1, down), replica(2, down)],
      seen: { resources: null },
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      4 follow 1 master=0 reconnect
      4 follow 2 master=0 reconnect
      5 apply-config 1
      5 apply-config 2
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
      1 promote 0
      2 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
    `,
    'crash/a promotion that was begun is ended without being begun again',
  )
})

test('a promotion that was done but not written down is only written down', () => {
  planIs(
    { spec: { replicas: 1 }, memory: memory(0, { operation: operation() }), nodes: settledNodes(1) },
    '1 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0',
  )
})

test('a replica of an older spec that had run well is started as it was: the new spec may be one that no node can live with', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), stopped(1, { hash: 'hash-before' })] },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
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
      1 remove-container 1 shop-replica-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
    `,
    'crash/a replica of an older spec that ended soon after its start',
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
      1 create-network network=shop
      2 remove-container 0 shop-master
      2 remove-container 1 shop-replica-1
      3 create-container 0 shop-master
      3 create-container 1 shop-replica-1
      4 start-container 0 shop-master
      5 start-container 1 shop-replica-1
      wait 0 1000ms
    `,
    'crash/when the network is gone the containers that lost it are recreated',
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
      1 remove-container 1 shop-replica-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
    `,
    'crash/when the network was recreated the containers of the old one are',
  )
})

test('a container that the engine is removing is waited for', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [activeMaster(), node(1, { container: { state: 'removing' } })] },
    'wait 1 100ms',
  )
})

test('a paused master is waited for, and its replicas are left alone', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [node(0, { container: { state: 'paused', name: 'shop-master' } }), replica(1)],
    },
    'wait 0 250ms',
    'crash/a paused master is waited for and its replicas are left alone',
  )
})

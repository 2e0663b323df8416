import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { specHashLabel } from '../../../../src/runtime/labels.js'
import {
  container,
  crash,
  follower,
  historyEntry,
  master,
  memory,
  node,
  nodeRecord,
  nowMs,
  planIs,
  planText,
  replica,
  resources,
  settledNodes,
  stopped,
  spec,
  type Case,
} from '../../support/world.js'

const older = (ordinal: number) => ({
  container: { labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' } },
})
const olderMaster = (...followers: number[]): ObservedNode =>
  master(
    0,
    { followers: followers.map(follower) },
    { container: { ...older(0).container, name: 'shop-master' } },
  )

const twoOlderReplicas = (): ObservedNode[] => [
  olderMaster(1, 2),
  replica(1, {}, older(1)),
  replica(2, {}, older(2)),
]

const tagWaits = { whenTagMoves: 'wait', master: 'automatic', window: null } as const

test('replicas of an older spec are replaced one at a time, before the master', () => {
  planIs(
    {
      nodes: [olderMaster(1, 2), replica(1, {}, older(1)), replica(2, {}, older(2))],
      seen: { resources: null },
    },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
  )
})

test('a restart that a person asked for says so, and nothing of an older spec', () => {
  const asked = nodeRecord(1, { restartAskedAtMs: nowMs })
  planIs(
    {
      memory: memory(0, { nodes: [asked] }),
      nodes: settledNodes(),
      seen: { resources: null },
    },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'rollout/a restart that a person asked for says so and nothing of',
  )
})

test('the next is not replaced before all others are in sync', () => {
  planIs(
    {
      nodes: [olderMaster(2), replica(1, { upstream: { link: 'down' } }), replica(2, {}, older(2))],
      seen: { resources: null },
    },
    `
      wait 1 1000ms
      wait 1 1000ms
    `,
    'rollout/the next is not replaced before all others are in sync',
  )
})

test('an image that is not there is pulled before anything else is done', () => {
  planIs(
    { nodes: twoOlderReplicas(), seen: { resources: resources({ image: null }) } },
    '1 pull-image image=redis:8',
  )
})

test('an image that could not be had blocks the roll, says why, and is tried again with growing pauses', () => {
  const trouble = { image: 'redis:8', reason: 'pull redis:8: not found', atMs: nowMs - 10_000 }
  const facts = (atMs: number): Case => ({
    memory: memory(0, {
      imageTrouble: { ...trouble, atMs },
      failed: [
        {
          ...{ key: 'pull-image redis:8', subject: '1 - -', action: 'pull image redis:8', times: 7 },
          ...{ error: 'pull image redis:8: not found', hint: null, code: null, sinceMs: 0, lastAtMs: atMs },
        },
      ],
    }),
    nodes: twoOlderReplicas(),
    seen: { resources: resources({ image: null }) },
  })
  planIs(
    facts(nowMs - 10_000),
    `
      failing pull-image image=redis:8: pull image redis:8: not found (7x, retry in 22000ms)
      hold RolloutBlocked
        docker pull redis:8
    `,
    'rollout/an image that could not be had blocks the roll says why',
  )
  planIs(
    facts(nowMs - 32_000),
    `
      1 pull-image image=redis:8
      failing pull-image image=redis:8: pull image redis:8: not found (7x, retry in 0ms)
      hold RolloutBlocked
        docker pull redis:8
    `,
    'rollout/an image that could not be had blocks the roll says why (2)',
  )
})

test('the canary ends soon after its start: the roll stops there, and says what it said last', () => {
  planIs(
    {
      memory: memory(0, {
        nodes: [nodeRecord(1, { crashes: [crash(), crash(), crash(), crash(), crash()] })],
      }),
      nodes: [
        olderMaster(2),
        { ...stopped(1, { exitCode: 1 }), lastLogLines: ['FATAL CONFIG FILE ERROR'] },
        replica(2, {}, older(2)),
      ],
    },
    `
      wait 1 7900ms
      hold CrashLooping
        flotilla restart shop --node 1
      hold RolloutBlocked
    `,
    'rollout/the canary ends soon after its start the roll stops there and',
  )
})

test('a canary that came round goes on being distrusted until it has run for ten seconds', () => {
  const cameRound = (startedAtMs: number): Case => ({
    memory: memory(0, { nodes: [nodeRecord(1, { crashes: [crash({ atMs: nowMs - 20_000 })] })] }),
    nodes: [olderMaster(1, 2), replica(1, {}, { container: { startedAtMs } }), replica(2, {}, older(2))],
    seen: { resources: null },
  })
  planIs(
    cameRound(nowMs - 9_000),
    'hold RolloutBlocked',
    'rollout/a canary that came round goes on being distrusted until it',
  )
  planIs(
    cameRound(nowMs - 10_000),
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 create-container 2 shop-replica-2
      4 start-container 2 shop-replica-2
      5 follow 2 master=0
      6 apply-config 2
    `,
    'rollout/a canary that came round goes on being distrusted until it (2)',
  )
})

test('what an earlier container of a node did says nothing about the one that it has now', () => {
  const facts = (crashedAtMs: number): Case => ({
    memory: memory(0, { nodes: [nodeRecord(1, { crashes: [crash({ atMs: crashedAtMs })] })] }),
    nodes: [
      olderMaster(1, 2),
      replica(1, {}, { container: { createdAtMs: nowMs - 2_000, startedAtMs: nowMs - 1_000 } }),
      replica(2, {}, older(2)),
    ],
    seen: { resources: null },
  })
  planIs(
    facts(nowMs - 2_001),
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 create-container 2 shop-replica-2
      4 start-container 2 shop-replica-2
      5 follow 2 master=0
      6 apply-config 2
    `,
    'rollout/what an earlier container of a node did says nothing about',
  )
  planIs(
    facts(nowMs - 2_000),
    'hold RolloutBlocked',
    'rollout/what an earlier container of a node did says nothing about (2)',
  )
})

test('an image that can not even be started blocks the roll', () => {
  const exit = { code: 127, oomKilled: false, atMs: nowMs - 100, error: 'exec: "redis-server": not found' }
  planIs(
    {
      nodes: [
        olderMaster(2),
        stopped(1, { state: 'created', container: { exit } }),
        replica(2, {}, older(2)),
      ],
    },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
      hold RolloutBlocked
    `,
    'rollout/an image that can not even be started blocks the roll',
  )
})

test('a canary that is not in sync within spec.update.timeout blocks the roll, and only then', () => {
  const late = (linkDownSeconds: number): Case => ({
    spec: { update: { strategy: 'rolling', pauseBetweenMs: 0, timeoutMs: 60_000, ...tagWaits } },
    nodes: [
      olderMaster(2),
      replica(1, { upstream: { link: 'down', linkDownSeconds } }),
      replica(2, {}, older(2)),
    ],
    seen: { resources: null },
  })
  planIs(
    late(60),
    `
      wait 1 1000ms
      wait 1 1000ms
    `,
    'rollout/a canary that is not in sync within specupdatetimeout blocks',
  )
  planIs(
    late(61),
    `
      wait 1 1000ms
      hold RolloutBlocked
    `,
    'rollout/a canary that is not in sync within specupdatetimeout blocks (2)',
  )
})

const outOfSync = (ordinal: number, overrides: Parameters<typeof replica>[2] = {}) =>
  replica(ordinal, { upstream: { link: 'down', linkDownSeconds: 500 } }, overrides)
const replacesOnly = (text: string, ordinal: number): void => {
  assert.match(text, new RegExp(`create container shop-replica-${ordinal} `))
  assert.equal(text.match(/create container/g)?.length, 1)
}

test('a node that is out of sync does not wait for itself: it is recreated first', () => {
  const asked = memory(0, { nodes: [nodeRecord(2, { restartAskedAtMs: nowMs - 1 })] })
  const nodes = [master(0, { followers: [follower(1)] }), replica(1), outOfSync(2)]
  replacesOnly(planText({ memory: asked, nodes, seen: { resources: null } }), 2)
  // Undoing a roll that came to nothing: only the node that it broke is of another spec than today's.
  const undone = [master(0, { followers: [follower(1)] }), replica(1), outOfSync(2, older(2))]
  replacesOnly(planText({ nodes: undone, seen: { resources: null } }), 2)
})

test('of nodes of an older spec the one that is out of service goes first, also one that does not let us in', () => {
  const lockedOut = node(2, {
    container: older(2).container,
    probe: { kind: 'denied', cause: 'other', reason: 'full' },
  })
  for (const broken of [outOfSync(2, older(2)), lockedOut])
    replacesOnly(
      planText({ nodes: [olderMaster(1), replica(1, {}, older(1)), broken], seen: { resources: null } }),
      2,
    )
})

test('of two that are out of service the second waiting for: the first has shown that a node can live with the new spec', () => {
  planIs(
    {
      nodes: [
        olderMaster(),
        replica(1, { upstream: { link: 'down', linkDownSeconds: 1 } }),
        outOfSync(2, older(2)),
      ],
      seen: { resources: null },
    },
    `
      wait 1 100ms
      wait 2 1000ms
      wait 1 1000ms
    `,
    'rollout/of two that are out of service the second waiting for the',
  )
})

test('a restart that a person asked for of a node that is out of sync is not held up by another one that fails', () => {
  const crashes = Array.from({ length: 5 }, () => crash())
  const asked = memory(0, {
    nodes: [nodeRecord(1, { crashes }), nodeRecord(2, { restartAskedAtMs: nowMs - 1 })],
  })
  const nodes = [master(0), stopped(1), outOfSync(2)]
  replacesOnly(planText({ memory: asked, nodes, seen: { resources: null } }), 2)
})

test('a node that is out of service, and that only a person can bring back, blocks the roll', () => {
  planIs(
    {
      nodes: [
        olderMaster(1),
        replica(1, {}, older(1)),
        node(2, { container: { ...older(2).container, state: 'paused' } }),
      ],
      seen: { resources: null },
    },
    `
      wait 2 1000ms
      hold RolloutBlocked
        docker unpause shop-replica-2
    `,
    'rollout/a node that is out of service and that only a person can',
  )
})

test('nobody is replaced while a replica lags far behind', () => {
  planIs(
    {
      nodes: [
        master(
          0,
          { offset: 3_000_000, followers: [follower(1), follower(2)] },
          { container: { ...older(0).container, name: 'shop-master' } },
        ),
        replica(1, { offset: 2_999_000, upstream: { appliedOffset: 2_999_000 } }),
        replica(2, { offset: 1_000_000, upstream: { appliedOffset: 1_000_000 } }, older(2)),
      ],
      seen: { resources: null },
    },
    'wait 2 100ms',
    'rollout/nobody is replaced while a replica lags far behind',
  )
})

test('pauseBetween holds the next node back until the last one has run for so long, and not once the master is a new one', () => {
  const update = {
    strategy: 'rolling',
    pauseBetweenMs: 30_000,
    timeoutMs: 600_000,
    ...tagWaits,
  } as const
  const young = { container: { startedAtMs: nowMs - 10_000 } }
  planIs(
    {
      spec: { update },
      nodes: [olderMaster(1, 2), replica(1, {}, young), replica(2, {}, older(2))],
      seen: { resources: null },
    },
    'wait - 20000ms',
    'rollout/pauseBetween holds the next node back until the last one has run',
  )
  planIs(
    {
      spec: { update },
      nodes: [
        master(0, { followers: [follower(1), follower(2)] }, young),
        replica(1, {}, young),
        replica(2, {}, older(2)),
      ],
      seen: { resources: null },
    },
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 create-container 2 shop-replica-2
      4 start-container 2 shop-replica-2
      5 follow 2 master=0
      6 apply-config 2
    `,
    'rollout/pauseBetween holds the next node back until the last one has',
  )
})

test('a switchover that was aborted is tried again later and later', () => {
  const calledOff = (endedAgoMs: number, times: number): Case => ({
    memory: memory(0, {
      history: Array.from({ length: times }, () =>
        historyEntry({
          kind: 'switchover',
          result: 'aborted',
          requestId: null,
          endedAtMs: nowMs - endedAgoMs,
          detail: 'node 1 did not catch up',
        }),
      ),
    }),
    nodes: [olderMaster(1, 2), replica(1), replica(2)],
    seen: { resources: null },
  })
  planIs(
    calledOff(2_000, 1),
    'wait 0 3000ms',
    'rollout/a switchover that was aborted is tried again later and later',
  )
  planIs(
    calledOff(5_000, 1),
    `
      1 begin-operation switchover epoch=2 from=0 to=1
      2 pause-writes 0 forMs=2000
      3 catch-up 1 master=0 withinMs=500
      4 follow 0 master=1
      5 promote 1
      5 disconnect-clients 0
      5 rename-container 0 shop-master to=shop-replica-0
      5 rename-container 1 shop-replica-1 to=shop-MASTER
      6 disconnect-clients 0
      7 resume-writes 0
      8 rename-container 1 shop-MASTER to=shop-master
      9 end-operation switchover epoch=2 from=0 to=1 result=done lostKeys=0
      10 follow 2 master=1
    `,
    'rollout/a switchover that was aborted is tried again later and later (3)',
  )
  planIs(
    calledOff(19_000, 3),
    'wait 0 1000ms',
    'rollout/a switchover that was aborted is tried again later and later (2)',
  )
})

test('a master that nobody may take over from is left as it is', () => {
  planIs(
    {
      nodes: [olderMaster(1, 2), replica(1, { replicaPriority: 0 }), replica(2, { replicaPriority: 0 })],
      seen: { resources: null },
    },
    `
      hold RolloutBlocked
        flotilla scale shop 3
    `,
    'rollout/a master that nobody may take over from is left as it',
  )
})

test('a master whose replicas are never promoted, by the manifest, is left as it is', () => {
  const failover = { ...spec().failover, priority: { 1: 0, 2: 0 } }
  const text = planText({
    spec: { failover },
    nodes: [olderMaster(1, 2), replica(1), replica(2)],
    seen: { resources: null },
  })
  assert.match(text, /RolloutBlocked.*nobody that it could hand over to .*its priority is 0/)
})

test('a master whose replicas seem empty for a moment waits for them, and nothing is held', () => {
  const old = { container: { ...older(0).container, name: 'shop-master' } }
  const empty = [replica(1, { keys: 0 }), replica(2, { keys: 0 })]
  const nodes = [master(0, { keys: 5, followers: [1, 2].map(follower) }, old), ...empty]
  planIs(
    { nodes, spec: { replicas: 1 }, seen: { resources: null } },
    'wait 0 1000ms',
    'rollout/a master whose replicas seem empty for a moment waits for',
  )
})

test('when only the master is of an older spec, it hands over to the replica that has come furthest', () => {
  planIs(
    {
      nodes: [
        olderMaster(1, 2),
        replica(1, { offset: 900, upstream: { appliedOffset: 900 } }),
        replica(2, {}),
      ],
      seen: { resources: null },
    },
    `
      1 begin-operation switchover epoch=2 from=0 to=2
      2 pause-writes 0 forMs=2000
      3 catch-up 2 master=0 withinMs=500
      4 follow 0 master=2
      5 promote 2
      5 disconnect-clients 0
      5 rename-container 0 shop-master to=shop-replica-0
      5 rename-container 2 shop-replica-2 to=shop-MASTER
      6 disconnect-clients 0
      7 resume-writes 0
      8 rename-container 2 shop-MASTER to=shop-master
      9 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      10 follow 1 master=2
    `,
    'rollout/when only the master is of an older spec it hands over',
  )
})

test('a lone master of an older spec gets a node beside it, which it can hand over to', () => {
  planIs(
    {
      spec: { replicas: 0 },
      nodes: [olderMaster()],
      seen: { resources: resources({ volumes: ['shop-0'] }) },
    },
    `
      1 create-volume 1 volume=shop-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
    `,
    'rollout/a lone master of an older spec gets a node beside it',
  )
})

test('once it has handed over, the old lone master is what goes, and its volume stays', () => {
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(1),
      nodes: [
        replica(0, { upstream: { host: 'shop-1' } }, older(0)),
        master(1, { runId: 'run-1', followers: [follower(0)] }),
      ],
      seen: { resources: null },
    },
    `
      1 stop-container 0 shop-replica-0
      2 remove-container 0 shop-replica-0
    `,
  )
})

const beside = (volumes: readonly string[]) => ({ resources: resources({ volumes }) })

test('an only replica is not replaced before there is another one', () => {
  const facts: Case = {
    spec: { replicas: 1 },
    nodes: [olderMaster(1), replica(1, {}, older(1))],
    seen: beside(['shop-0', 'shop-1']),
  }
  planIs(
    facts,
    `
      1 create-volume 2 volume=shop-2
      2 create-container 2 shop-replica-2
      3 start-container 2 shop-replica-2
      4 follow 2 master=0
      5 apply-config 2
    `,
    'rollout/an only replica is not replaced before there is another one',
  )
  planIs(
    facts,
    `
      1 create-volume 2 volume=shop-2
      2 create-container 2 shop-replica-2
      3 start-container 2 shop-replica-2
      4 follow 2 master=0
      5 apply-config 2
    `,
    'rollout/an only replica is not replaced before there is another one (2)',
  )
  const nodes = facts.nodes ?? []
  const syncing = replica(2, { upstream: { link: 'down' } })
  planIs(
    { ...facts, nodes: [...nodes, syncing] },
    `
      wait 2 1000ms
      wait 2 1000ms
    `,
    'rollout/an only replica is not replaced before there is another one (3)',
  )
  planIs(
    { ...facts, nodes: [...nodes, replica(2)] },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'rollout/an only replica is not replaced before there is another one (4)',
  )
})

test('where the master needs all its replicas to take writes there is one more meanwhile', () => {
  const durability = { minReplicasToWrite: 2, maxLagSeconds: 10 }
  planIs(
    { spec: { durability }, nodes: twoOlderReplicas(), seen: beside(['shop-0']) },
    `
      1 create-volume 3 volume=shop-3
      2 create-container 3 shop-replica-3
      3 start-container 3 shop-replica-3
      4 follow 3 master=0
      5 apply-config 3
    `,
    'rollout/where the master needs all its replicas to take writes there',
  )
})

test('no node is added for a roll that would only hold at once', () => {
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(0, { imageTrouble: { image: 'redis:8', reason: 'not found', atMs: nowMs } }),
      nodes: [olderMaster()],
      seen: { resources: resources({ image: null }) },
    },
    `
      1 pull-image image=redis:8
      hold RolloutBlocked
        docker pull redis:8
    `,
    'rollout/no node is added for a roll that would only hold at',
  )
})

test('with onDelete nobody is replaced, but for whom a person asks to restart', () => {
  const update = {
    strategy: 'onDelete',
    pauseBetweenMs: 0,
    timeoutMs: 600_000,
    ...tagWaits,
  } as const
  const facts: Case = { spec: { update }, nodes: twoOlderReplicas(), seen: { resources: null } }
  planIs(facts, 'nothing')
  const asked = { ...facts, memory: memory(0, { nodes: [nodeRecord(2, { restartAskedAtMs: nowMs })] }) }
  planIs(
    asked,
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 create-container 2 shop-replica-2
      4 start-container 2 shop-replica-2
      5 follow 2 master=0
      6 apply-config 2
    `,
    'rollout/with onDelete nobody is replaced but for whom a person asks',
  )
})

test('nothing is replaced while something has to be repaired', () => {
  planIs(
    {
      nodes: [
        olderMaster(1, 2),
        replica(1, {}, older(1)),
        replica(2, {}, { container: { ...older(2).container, name: 'odd' } }),
      ],
      seen: { resources: null },
    },
    '1 rename-container 2 odd to=shop-replica-2',
    'rollout/nothing is replaced while something has to be repaired',
  )
})

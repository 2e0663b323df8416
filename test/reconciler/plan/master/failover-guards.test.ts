import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  crash,
  follower,
  historyEntry,
  lineage,
  master,
  memory,
  newborn,
  nodeRecord,
  node,
  nowMs,
  operation,
  planIs,
  planText,
  replica,
  request,
  settledNodes,
  spec,
  stopped,
  witnessed,
} from '../../support/world.js'

const drained = (ordinal: number, offset = 1_000) =>
  replica(ordinal, {
    offset,
    upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null, appliedOffset: offset },
  })
const dead = stopped(0, { name: 'shop-master' })
const failover = (overrides: Partial<ReturnType<typeof spec>['failover']>) => ({
  replicas: 1,
  failover: { ...spec().failover, ...overrides },
})
const flaps = (from: number, count: number, oldestMs: number) =>
  Array.from({ length: count }, () => historyEntry({ from, endedAtMs: nowMs - oldestMs }))
const crashed = [dead, drained(1)]
const quick = { resources: null }

test('when the only replica is in the middle of its first synchronisation, the master is started on its own data', () => {
  const midSync = replica(1, {
    replid: 'replid-of-its-birth',
    keys: 0,
    upstream: { link: 'down', syncing: true, appliedOffset: null },
  })
  planIs(
    { spec: { replicas: 1 }, memory: memory(), nodes: [dead, midSync], seen: quick },
    `
      1 start-container 0 shop-master
      wait 0 1000ms
    `,
  )
})

test('when a replica that was in sync is synchronising again, that is a hold, and the master is started on its own data', () => {
  const midSync = replica(1, { upstream: { link: 'down', syncing: true } })
  planIs(
    { spec: { replicas: 1 }, memory: witnessed([1]), nodes: [dead, midSync], seen: quick },
    `
      1 start-container 0 shop-master
      hold NoSafeCandidate
        flotilla failover shop --to 1 --force
    `,
    'failover-guards/when a replica that was in sync is synchronising again that is',
  )
})

test('after a cold start nobody was seen in sync, and the recorded master is the master', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: witnessed([1]),
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), newborn(1)],
      seen: quick,
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      4 follow 1 master=0
      5 apply-config 1
    `,
  )
})

test('by a manifest that says manual a dead master is a hold, and is started again', () => {
  planIs(
    { spec: failover({ mode: 'manual' }), memory: witnessed([1]), nodes: crashed, seen: quick },
    `
      1 start-container 0 shop-master
      hold FailoverBlocked
        flotilla failover shop
    `,
    'failover-guards/by a manifest that says manual a dead master is a hold',
  )
})

test('what a person asks for is done in spite of manual', () => {
  planIs(
    {
      spec: failover({ mode: 'manual' }),
      memory: witnessed([1], { request: request() }),
      nodes: crashed,
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
    `,
  )
})

test('within the restart window a dead master is started again and waited for', () => {
  planIs(
    { spec: failover({ restartWindowMs: 3_000 }), memory: witnessed([1]), nodes: crashed, seen: quick },
    `
      1 start-container 0 shop-master
      wait 0 100ms
    `,
    'failover-guards/within the restart window a dead master is started again and waited',
  )
})

test('a master that is back with its data within the restart window is promoted again', () => {
  const back = newborn(0, {}, { container: { name: 'shop-master', startedAtMs: nowMs - 500 } })
  planIs(
    {
      spec: failover({ restartWindowMs: 3_000 }),
      memory: witnessed([1]),
      nodes: [back, drained(1)],
      seen: quick,
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      4 follow 1 master=0 reconnect
      5 apply-config 1
    `,
    'failover-guards/a master that is back with its data within the restart window',
  )
})

test('a master that is back with its data is promoted again where failovers are manual', () => {
  const back = newborn(0, {}, { container: { name: 'shop-master', startedAtMs: nowMs - 500 } })
  planIs(
    { spec: failover({ mode: 'manual' }), memory: witnessed([1]), nodes: [back, drained(1)], seen: quick },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
      4 follow 1 master=0 reconnect
      5 apply-config 1
    `,
  )
})

test('when the restart window is over the dead master is replaced', () => {
  planIs(
    { spec: failover({ restartWindowMs: 100 }), memory: witnessed([1]), nodes: crashed, seen: quick },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
    `,
  )
})

const promotedAgain = `
  1 begin-operation failover epoch=2 from=0 to=1
  2 promote 1
  2 rename-container 1 shop-replica-1 to=shop-MASTER
  3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
`

test('a master that is dead is replaced by a replica in sync, however often that happened before', () => {
  const history = Array.from({ length: 100 }, (_, index) =>
    historyEntry({ from: 0, endedAtMs: nowMs - 3_000 * (100 - index) }),
  )
  planIs(
    { spec: { replicas: 1 }, memory: witnessed([1], { history }), nodes: crashed, seen: quick },
    promotedAgain,
  )
})

/**
 * A promotion of one node after the other, each of which died half a second later, the last `agoMs` before
 * now.
 */
const poisoned = (count: number, agoMs: number) => {
  const diedAtMs = nowMs - agoMs
  const history = Array.from({ length: count }, (_, index) => {
    const endedAtMs = diedAtMs - 500 - 1_000 * (count - 1 - index)
    return historyEntry({ from: (index + 1) % 2, to: index % 2, endedAtMs, troubleAtMs: endedAtMs - 500 })
  })
  const exit = { code: 137, oomKilled: false, atMs: diedAtMs, error: null }
  const ended = stopped(0, { name: 'shop-master', container: { exit } })
  return {
    spec: { replicas: 1 },
    memory: witnessed([1], { history }),
    nodes: [ended, drained(1)],
    seen: quick,
  }
}

test('when every node has been master and died at once the next promotion waits, twice as long each time', () => {
  planIs(poisoned(1, 100), promotedAgain)
  const due = (count: number): string | undefined =>
    /the next promotion is due, in (\d+) s/.exec(planText(poisoned(count, 0)))?.[1]
  assert.deepEqual([2, 3, 4, 5, 6, 7, 8, 50].map(due), ['1', '2', '4', '8', '10', '10', '10', '10'])
})

test('a promotion that had to wait is made when its time has come', () => {
  planIs(poisoned(2, 1_000), promotedAgain)
  planIs(poisoned(50, 30_000), promotedAgain)
})

test('a promotion that has to wait is made at once when a person asks for it', () => {
  const asked = poisoned(50, 0)
  planIs({ ...asked, memory: { ...asked.memory, request: request() } }, promotedAgain)
})

test('a death that is still to come, because the clock was set back, delays no promotion', () => {
  planIs(poisoned(50, -900_000), promotedAgain)
})

test('a data set that was emptied before the master died fails over like any other', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: witnessed([1]),
      nodes: [dead, replica(1, { keys: 0, upstream: { link: 'down', appliedOffset: 1_060 } })],
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
    `,
    'failover-guards/a data set that was emptied before the master died fails',
  )
})

test('a lone master that dies at once after each start is promoted later and later', () => {
  const history = [1, 2, 3].map(count =>
    historyEntry({ kind: 'restart', from: 0, to: 0, endedAtMs: nowMs - 10_000 + count * 3_000 }),
  )
  const crashes = history.map(({ endedAtMs }) => crash({ atMs: endedAtMs + 100 }))
  const back = newborn(0, {}, { container: { name: 'shop-master', startedAtMs: nowMs - 20 } })
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(0, { history, nodes: [nodeRecord(0, { crashes })] }),
      nodes: [back],
      seen: quick,
    },
    'wait - 3100ms',
    'failover-guards/a lone master that dies at once after each start is promoted',
  )
})

const hung = node(0, {
  probe: { kind: 'hung', reason: 'no answer', lastByteAtMs: null },
  unreachableSinceMs: nowMs - 60_000,
  container: { name: 'shop-master' },
})
const missing = (ordinal: number) => replica(ordinal, { upstream: { link: 'up', lastIoSeconds: 60 } })

test('a master that hangs for the fourth time within ten minutes waits until they are over, and says so', () => {
  const plan = (oldestMs: number): string =>
    planText({
      spec: { replicas: 1 },
      memory: witnessed([1], { history: flaps(0, 3, oldestMs) }),
      nodes: [hung, missing(1)],
      seen: quick,
    })
  assert.match(
    plan(590_000),
    /refuses \(FailoverBlocked\): node 0, the master, gives no sign of life for 60 s, .*; it is replaced again at 12:00:10 UTC unless it answers \(what ends is replaced at once: docker kill shop-master\)\n.*fix: flotilla failover shop/,
  )
  assert.match(plan(600_000), /kill shop-master/)
})

test('a master that is back with nothing within the restart window is not waited for: the replica that has it all takes over', () => {
  const back = newborn(0, { keys: 0 }, { container: { name: 'shop-master', startedAtMs: nowMs - 500 } })
  planIs(
    {
      spec: failover({ restartWindowMs: 3_000 }),
      memory: witnessed([1]),
      nodes: [back, drained(1)],
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      3 kill-container 0 shop-master
      4 rename-container 1 shop-replica-1 to=shop-MASTER
      5 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
    `,
    'failover-guards/a master that is back with nothing within the restart window',
  )
})

test('a failover that is asked for without a candidate is refused, and says why for each node', () => {
  planIs(
    {
      memory: witnessed([1], { request: request() }),
      nodes: [dead, replica(2, { replid: 'replid-b', upstream: { link: 'down' } })],
      seen: quick,
    },
    '1 complete-request failover result=refused',
    'failover-guards/a failover that is asked for without a candidate is refused and',
  )
})

test('a failover to a node that may not be promoted is refused', () => {
  planIs(
    {
      memory: witnessed([1], { request: request({ to: 2 }) }),
      nodes: [dead, drained(1), replica(2, { replid: 'replid-b', upstream: { link: 'down' } })],
      seen: quick,
    },
    '1 complete-request failover to=2 result=refused',
    'failover-guards/a failover to a node that may not be promoted is refused',
  )
})

test('by force a node is promoted that may not be', () => {
  planIs(
    {
      memory: witnessed([1], { request: request({ to: 2, force: true }) }),
      nodes: [dead, drained(1), replica(2, { replid: 'replid-b', upstream: { link: 'down' } })],
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=2
      2 promote 2
      2 rename-container 2 shop-replica-2 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=2 result=done lostKeys=0
      4 follow 1 master=2
      5 apply-config 1
    `,
  )
})

test('not even by force is a node promoted that does not answer', () => {
  planIs(
    {
      memory: witnessed([1], { request: request({ to: 2, force: true }) }),
      nodes: [dead, drained(1), stopped(2)],
      seen: quick,
    },
    '1 complete-request failover to=2 force result=refused',
  )
})

test('a failover of a master that is well is refused', () => {
  planIs(
    { memory: witnessed([1, 2], { request: request() }), nodes: settledNodes(), seen: quick },
    '1 complete-request failover result=refused',
    'failover-guards/a failover of a master that is well is refused',
  )
})

test('a failover by force of a master that is well needs a node that answers', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: witnessed([1], { request: request({ force: true, to: 1 }) }),
      nodes: [master(0), stopped(1)],
      seen: quick,
    },
    '1 complete-request failover to=1 force result=refused',
    'failover-guards/a failover by force of a master that is well needs a',
  )
})

test('by force a master that is well is killed before another one is promoted', () => {
  planIs(
    {
      memory: witnessed([1, 2], { request: request({ force: true, to: 2 }) }),
      nodes: settledNodes(),
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=2
      2 kill-container 0 shop-master
    `,
    'failover-guards/by force a master that is well is killed before another one',
  )
})

const emptyMaster = newborn(0, { keys: 0 }, { container: { name: 'shop-master' } })
const reborn = [emptyMaster, newborn(1), newborn(2)]

test('the guard against data loss is overridden by naming the node that holds the data', () => {
  planIs(
    { memory: memory(0, { request: request({ to: 1, force: true }) }), nodes: reborn, seen: quick },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      3 kill-container 0 shop-master
      4 rename-container 1 shop-replica-1 to=shop-MASTER
      5 end-operation failover epoch=2 from=0 to=1 result=done lostKeys=0
      6 follow 2 master=1
      7 apply-config 2
    `,
    'failover-guards/the guard against data loss is overridden by naming the node that',
  )
})

test('the guard against data loss is overridden by naming the empty master, if that is what a person wants', () => {
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(0, { request: request({ to: 0, force: true }) }),
      nodes: [emptyMaster],
      seen: quick,
    },
    `
      1 begin-operation failover epoch=2 from=0 to=0
      2 promote 0
      3 end-operation failover epoch=2 from=0 to=0 result=done lostKeys=0
    `,
    'failover-guards/the guard against data loss is overridden by naming the empty master',
  )
})

test('a master that a person has named stays, and who says that he is too is stopped', () => {
  const other = { replid: 'replid-b', offset: 5_000 }
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { request: request({ to: 0, force: true }) }),
      nodes: [
        master(0, { followers: [follower(1)] }),
        master(1, other, { container: { name: 'shop-replica-1' } }),
      ],
      seen: quick,
    },
    `
      1 stop-container 1 shop-replica-1
      2 complete-request failover to=0 force result=done divergent=1
    `,
    'failover-guards/a master that a person has named stays and who says that',
  )
})

test('a replica that was made master by hand before the last recorded write, and has taken others, is not thrown away by a failover', () => {
  const unexpectedMaster = {
    runId: 'run-2',
    replid: 'replid-s',
    offset: 1_200,
    previous: { replid: 'replid-a', untilOffset: 901 },
  }
  planIs(
    {
      memory: witnessed([1, 2]),
      nodes: [dead, drained(1), master(2, unexpectedMaster, { container: { name: 'shop-replica-2' } })],
      seen: quick,
    },
    `
      1 start-container 0 shop-master
      hold UnexpectedMaster
        flotilla failover shop --to 1 --force
    `,
    'failover-guards/a replica that was made master by hand before the last recorded',
  )
})

test('what a replaced master held is set aside before it is started, once', () => {
  const facts = {
    spec: { replicas: 1 },
    nodes: [stopped(0), master(1, { runId: 'run-1' })],
  }
  const record = { ordinal: 1, sinceMs: nowMs, lineage: lineage({ runId: 'run-1' }) }
  planIs(
    { ...facts, memory: memory(1, { epoch: 7, master: record, divergent: [0] }) },
    `
      1 archive-data 0 volume=shop-0 folder=epoch-7
      2 start-container 0 shop-replica-0
      3 follow 0 master=1
      4 apply-config 0
    `,
  )
})

test('who is to be master again comes back with what it holds, also if it was replaced once and has never been set aside', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1, reason: 'it has ended' })
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [stopped(0), stopped(1)],
      memory: memory(0, { operation: begun, divergent: [0, 1] }),
    },
    `
      1 archive-data 0 volume=shop-0 folder=epoch-1
      2 start-container 1 shop-replica-1
      3 start-container 0 shop-replica-0
      wait 1 1000ms
    `,
    'failover-guards/who is to be master again comes back with what it holds',
  )
})

test('what was set aside is not set aside again', () => {
  const record = { ordinal: 1, sinceMs: nowMs, lineage: lineage({ runId: 'run-1' }) }
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [stopped(0), master(1, { runId: 'run-1' })],
      memory: memory(1, { epoch: 7, master: record, divergent: [] }),
    },
    `
      1 start-container 0 shop-replica-0
      2 follow 0 master=1
      3 apply-config 0
    `,
  )
})

test('a promotion that got stuck, because its node came back empty, is ended by the command that the hold names', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1, reason: 'it has ended' })
  const facts = {
    spec: { replicas: 1 },
    nodes: [newborn(0, { keys: 0 }), newborn(1, { keys: 0 })],
    seen: quick,
  }
  planIs(
    { ...facts, memory: memory(0, { operation: begun }) },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'failover-guards/a promotion that got stuck because its node came back empty is',
  )
  planIs(
    {
      ...facts,
      memory: memory(0, { operation: begun, request: request({ to: 1, force: true }) }),
    },
    `
      1 promote 1
      2 kill-container 0 shop-replica-0
      3 rename-container 1 shop-replica-1 to=shop-master
      4 end-operation failover epoch=2 from=0 to=1 result=done lostKeys=0
      5 follow 0 master=1
      6 apply-config 0
    `,
    'failover-guards/a promotion that got stuck because its node came back empty',
  )
})

test('what another master holds is set aside before a node that is named by force is promoted, also when that one is not master yet', () => {
  const other = { replid: 'replid-b', offset: 5_000 }
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(0, { request: request({ to: 0, force: true }) }),
      nodes: [
        newborn(0, {}, { container: { name: 'shop-master' } }),
        master(1, other, { container: { name: 'shop-replica-1' } }),
      ],
      seen: quick,
    },
    `
      1 stop-container 1 shop-replica-1
      2 complete-request failover to=0 force result=done divergent=1
    `,
  )
})

test('a failover that is gone on with waits for an old master that was started a moment ago, and kills one that stays silent', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1, reason: 'it has ended' })
  const born = {
    container: { name: 'shop-master', startedAtMs: nowMs - 100 },
    probe: { kind: 'refused', reason: 'nobody listens' },
  } as const
  const silent = { ...born, container: { name: 'shop-master' }, unreachableSinceMs: nowMs - 20_000 }
  const plans = [born, silent].map(old =>
    planText({
      spec: { replicas: 1 },
      memory: memory(0, { operation: begun }),
      nodes: [node(0, old), newborn(1)],
      seen: quick,
    }),
  )
  assert.match(plans[0] ?? '', /waiting for: node 1, the master: node 0, the old one, answers/)
  assert.match(plans[1] ?? '', /^stage 1\n {2}kill shop-master/)
})

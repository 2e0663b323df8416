import { test } from 'node:test'
import type { ObservedNode, ProcessState } from '../../../../src/model/observation.js'
import {
  master,
  newborn,
  node,
  nowMs,
  operation,
  planIs,
  redisFacts,
  replica,
  settledNodes,
  witnessed,
} from '../../support/world.js'
import type { Probe } from '../../../../src/model/redis.js'

const named = { name: 'shop-master' }
const hung = (silentMs: number, process: ProcessState | null = 'sleeping'): ObservedNode =>
  node(0, {
    container: named,
    probe: { kind: 'hung', reason: 'no answer on two connections', lastByteAtMs: null },
    unreachableSinceMs: nowMs - silentMs,
    process,
  })
/** A replica whose link is still up, and that heard from the master so long ago. */
const heard = (ordinal: number, lastIoSeconds: number): ObservedNode =>
  replica(ordinal, { upstream: { lastIoSeconds } })
const known = witnessed([1, 2])
const fencing = operation({ kind: 'failover', phase: 'fencing', to: 1, reason: 'it gave no sign of life' })

test('a master that is silent for less than hangTimeout is left alone', () => {
  planIs(
    { memory: known, nodes: [hung(4_900), heard(1, 5), heard(2, 5)], seen: { resources: null } },
    'wait 0 10ms',
  )
})

test('a master that is silent for hangTimeout is killed before anybody is promoted', () => {
  planIs(
    { memory: known, nodes: [hung(5_000), heard(1, 5), heard(2, 5)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 kill-container 0 shop-master
    `,
    'hang/a master that is silent for hangTimeout is killed before anybody is',
  )
})

test('a killed master is replaced once its container has ended', () => {
  const gone = node(0, {
    container: {
      ...named,
      state: 'exited',
      exit: { code: 137, oomKilled: false, atMs: nowMs - 2, error: null },
    },
  })
  const lost = { upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null } } as const
  planIs(
    {
      memory: witnessed([1, 2], { operation: fencing }),
      nodes: [gone, replica(1, lost), replica(2, lost)],
      seen: { resources: null },
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
    `,
    'hang/a killed master is replaced once its container has ended',
  )
})

test('while one replica hears from the master it is not hung', () => {
  planIs(
    { memory: known, nodes: [hung(20_000), heard(1, 20), heard(2, 1)], seen: { resources: null } },
    'wait 0 10ms',
  )
})

test('when no node at all answers, it is us who are blind', () => {
  const silent = (ordinal: number): ObservedNode =>
    node(ordinal, {
      probe: { kind: 'silent', reason: 'no answer', lastByteAtMs: null },
      unreachableSinceMs: nowMs - 60_000,
    })
  planIs(
    { memory: known, nodes: [hung(60_000), silent(1), silent(2)], seen: { resources: null } },
    'wait 0 10ms',
  )
})

test('a master that works on the CPU gets 30 s', () => {
  const nodes = (silentMs: number): readonly ObservedNode[] => [
    hung(silentMs, 'running'),
    heard(1, silentMs / 1_000),
    heard(2, silentMs / 1_000),
  ]
  planIs({ memory: known, nodes: nodes(29_000), seen: { resources: null } }, 'wait 0 250ms')
})

test('a master that works on the CPU for 30 s without a word is killed', () => {
  planIs(
    {
      memory: known,
      nodes: [hung(30_000, 'running'), heard(1, 30), heard(2, 30)],
      seen: { resources: null },
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 kill-container 0 shop-master
    `,
  )
})

test('a master that somebody paused for longer than hangTimeout is killed and replaced', () => {
  const paused = node(0, { container: { ...named, state: 'paused' }, unreachableSinceMs: nowMs - 6_000 })
  planIs(
    { memory: known, nodes: [paused, heard(1, 6), heard(2, 6)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 kill-container 0 shop-master
    `,
    'hang/a master that somebody paused for longer than hangTimeout is killed and',
  )
})

test('a master that hangs is not killed as long as nobody may take its place', () => {
  planIs(
    {
      memory: known,
      nodes: [hung(6_000), newborn(1), newborn(2, { keys: 0 })],
      seen: { resources: null },
    },
    `
      hold NoSafeCandidate
        flotilla failover shop --to 1 --force
    `,
    'hang/a master that hangs is not killed as long as nobody may',
  )
})

test('a master that answers before it was killed goes on, and the operation is aborted', () => {
  planIs(
    { memory: witnessed([1, 2], { operation: fencing }), nodes: settledNodes(), seen: { resources: null } },
    '1 end-operation failover epoch=2 from=0 to=1 result=aborted lostKeys=0',
    'hang/a master that answers before it was killed goes on and the',
  )
})

for (const [what, steps, golden, probe] of [
  [
    'loads its data',
    'wait 0 250ms',
    'hang/a master that loads its data is alive',
    { kind: 'loading', facts: redisFacts() },
  ],
  [
    'is in a script that blocks everything',
    'wait 0 1000ms',
    'hang/a master that is in a script is alive',
    { kind: 'busy', reason: 'BUSY' },
  ],
  [
    'has no room for one more client',
    'wait 0 1000ms',
    'hang/a master that has no room for one more client is alive',
    { kind: 'denied', cause: 'other', reason: 'full' },
  ],
] as const satisfies readonly (readonly [string, string, string, Probe])[])
  test(`a master that ${what} is alive, however long it takes`, () => {
    const alive = master(0, {}, { probe, unreachableSinceMs: null })
    planIs(
      { memory: known, nodes: [alive, heard(1, 3_600), heard(2, 3_600)], seen: { resources: null } },
      steps,
      golden,
    )
  })

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  follower,
  master,
  newborn,
  node,
  nowMs,
  planInput,
  planIs,
  redisFacts,
  replica,
  type Case,
} from '../../support/world.js'

const activeMaster = master(0, { followers: [follower(1)] })
const beside = (other: ObservedNode) => ({
  spec: { replicas: 1 },
  nodes: [activeMaster, other],
  seen: { resources: null },
})
const unexpectedMaster = (facts: Parameters<typeof master>[1]) =>
  master(1, { replid: 'replid-s', ...facts }, { container: { name: 'shop-replica-1' } })
const silence = { reason: 'it said nothing', lastByteAtMs: null }

test('a replica of somebody else is told to follow the master', () => {
  planIs(
    beside(replica(1, { upstream: { host: 'shop-2' } })),
    `
    stage 1
      node 1 follows node 0  # it follows shop-2, not the master
    stage 2
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a replica of the link name, as it is born, is told to follow the master by its node alias', () => {
  planIs(
    beside(newborn(1)),
    `
    stage 1
      node 1 follows node 0  # it follows the link name "master", as every node does at birth, not the master
    stage 2
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('an unexpected master with no write of its own rejoins', () => {
  planIs(
    beside(unexpectedMaster({ previous: { replid: 'replid-a', untilOffset: 1_001 } })),
    `
    stage 1
      node 1 follows node 0  # it says that it is master and is not, and it has taken no write of its own
    stage 2
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('an unexpected master with writes of its own is refused', () => {
  planIs(
    beside(unexpectedMaster({ previous: { replid: 'replid-a', untilOffset: 1_001 }, offset: 1_064 })),
    `
    refuses (UnexpectedMaster): node 1 says that it is master, is not the one that is to be (node 0), and has taken 64 bytes of writes that the master lacks; making it follow would throw them away
      type: flotilla failover shop --to 0 --force   (node 0 is the master; what node 1 holds is set aside on its volume)
  `,
  )
})

test('an unexpected master of another history is refused', () => {
  planIs(
    beside(unexpectedMaster({ previous: null })),
    `
    refuses (UnexpectedMaster): node 1 says that it is master, is not the one that is to be (node 0), and holds 10 keys of another history than the master's; making it follow would throw them away
      type: flotilla failover shop --to 0 --force   (node 0 is the master; what node 1 holds is set aside on its volume)
  `,
  )
})

test('an empty unexpected master rejoins, whatever its history', () => {
  planIs(
    beside(unexpectedMaster({ previous: null, keys: 0 })),
    `
    stage 1
      node 1 follows node 0  # it says that it is master and is not, and it has taken no write of its own
    stage 2
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('an unexpected master that left further along than the master ever came is refused', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        master(0, { replid: 'replid-m', previous: { replid: 'replid-a', untilOffset: 901 }, offset: 950 }),
        unexpectedMaster({ previous: { replid: 'replid-a', untilOffset: 1_001 } }),
      ],
      seen: { resources: null },
    },
    `
      refuses (UnexpectedMaster): node 1 says that it is master, is not the one that is to be (node 0), and has taken 100 bytes of writes that the master lacks; making it follow would throw them away
        type: flotilla failover shop --to 0 --force   (node 0 is the master; what node 1 holds is set aside on its volume)
    `,
  )
})

test('a replica that synchronises is waited for, with how far it is', () => {
  planIs(
    beside(
      replica(1, {
        upstream: { link: 'down', syncing: true, syncTotalBytes: 200_000, syncReadBytes: 50_000 },
      }),
    ),
    `
      waiting for: node 1 synchronises: 25 % of 200000 bytes
    `,
  )
})

test('a replica that connects is waited for', () => {
  planIs(
    beside(replica(1, { upstream: { link: 'down' } })),
    `
    waiting for: node 1 connects to the master
  `,
  )
})

test('a node that was started a moment ago is waited for', () => {
  planIs(
    beside(
      node(1, {
        probe: { kind: 'refused', reason: 'nobody listens' },
        container: { startedAtMs: nowMs - 40 },
      }),
    ),
    `
      waiting for: node 1 answers
    `,
  )
})

test('a node that gives no sign of life is waited for, with what was tried', () => {
  planIs(
    beside(node(1, { probe: { kind: 'hung', ...silence }, unreachableSinceMs: nowMs - 3_000 })),
    `
    waiting for: node 1 answers or ends (it said nothing)
  `,
  )
})

test('a node that loads its data is waited for', () => {
  planIs(
    beside(node(1, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica' }) } })),
    `
    waiting for: node 1 loads its data
  `,
  )
})

test('a node in a script, one that locks us out and one that is paused are waited for', () => {
  planIs(
    {
      spec: { replicas: 3 },
      nodes: [
        activeMaster,
        node(1, { probe: { kind: 'busy', reason: 'BUSY' } }),
        node(2, { probe: { kind: 'denied', cause: 'other', reason: 'it is full' } }),
        node(3, { container: { state: 'paused' } }),
      ],
    },
    `
      waiting for: node 1 ends a script that blocks it
      waiting for: node 2 lets us in (it is full)
      waiting for: docker unpause shop-replica-3
    `,
  )
})

const unreachable = (sinceMs: number): ObservedNode =>
  node(1, { probe: { kind: 'silent', ...silence }, unreachableSinceMs: nowMs - sinceMs })

test('a replica that says nothing for half a minute is killed and started again, and not before', () => {
  planIs(beside(unreachable(30_000)), 'waiting for: node 1 answers or ends (it said nothing)')
  planIs(
    beside(unreachable(30_001)),
    `
    stage 1
      kill shop-replica-1  # it has given no sign of life for 30 s; it is started again on its volume
  `,
  )
})

test('a replica that follows nobody is told whom to follow', () => {
  planIs(
    beside(node(1, { probe: { kind: 'answered', facts: redisFacts({ role: 'replica', upstream: null }) } })),
    `
    stage 1
      node 1 follows node 0  # it follows nobody, not the master
    stage 2
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('how far a synchronisation has come is told as far as it is known', () => {
  const syncing = (upstream: Parameters<typeof replica>[1]): ObservedNode => replica(1, upstream)
  const down = { link: 'down', syncing: true } as const
  planIs(
    beside(syncing({ upstream: { ...down, syncTotalBytes: 1_000, syncReadBytes: 509 } })),
    'waiting for: node 1 synchronises: 50 % of 1000 bytes',
  )
  planIs(beside(syncing({ upstream: { ...down, syncTotalBytes: 0 } })), 'waiting for: node 1 synchronises')
  planIs(
    beside(syncing({ upstream: { link: 'down', syncing: false, syncTotalBytes: 1_000 } })),
    'waiting for: node 1 connects to the master',
  )
})

test('a frozen replica is waited for with what to type', () => {
  planIs(beside(node(1, { container: { state: 'paused' } })), 'waiting for: docker unpause shop-replica-1')
})

test('a replica that only its own word says is connected is nudged after a second of silence, not before', () => {
  const unheard = (lastIoSeconds: number | null, followers: readonly number[], role = 'master'): Case => ({
    spec: { replicas: 1 },
    nodes: [
      master(0, { role: role as 'master', followers: followers.map(follower) }),
      replica(1, { upstream: { lastIoSeconds } }),
    ],
    seen: { resources: null },
  })
  const reconnect = `
    stage 1
      node 1 follows node 0 (nudged)  # it believes its link is up, and nothing passes
    stage 2
      tune node 1 for its version  # its process may be new
  `
  for (const quiet of [0, null]) planIs(unheard(quiet, []), 'nothing to do')
  planIs(unheard(1, []), reconnect)
  planIs(unheard(1, [2]), reconnect)
  planIs(unheard(6, [2, 1]), 'nothing to do')
  planIs(unheard(7, [1]), reconnect)
})

test('what takes long is looked at less and less often, and never so often that it costs', () => {
  const looksAgainIn = (other: ObservedNode, ...more: readonly ObservedNode[]): number | undefined =>
    planFlotilla(
      planInput({
        ...beside(other),
        spec: { replicas: 1 + more.length },
        nodes: [activeMaster, other, ...more],
      }),
    ).waits[0]?.recheckInMs
  const connecting = (linkDownSeconds: number | null, uptimeSeconds = 60): ObservedNode =>
    replica(1, { uptimeSeconds, upstream: { link: 'down', linkDownSeconds } })
  assert.equal(looksAgainIn(connecting(0)), 20)
  assert.equal(looksAgainIn(connecting(2)), 200)
  assert.equal(looksAgainIn(connecting(60)), 1_000)
  assert.equal(looksAgainIn(connecting(null, 3)), 300)
  assert.equal(looksAgainIn(unreachable(4_000)), 400)
  assert.equal(looksAgainIn(unreachable(-4_000)), 20)
  const many = Array.from({ length: 18 }, (_, index) => replica(index + 2))
  assert.equal(looksAgainIn(connecting(0), ...many), 80)
})

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
      1 follow 1 master=0
      2 apply-config 1
    `,
  )
})

test('a replica of the link name, as it is born, is told to follow the master by its node alias', () => {
  planIs(
    beside(newborn(1)),
    `
      1 follow 1 master=0
      2 apply-config 1
    `,
  )
})

test('an unexpected master with no write of its own rejoins', () => {
  planIs(
    beside(unexpectedMaster({ previous: { replid: 'replid-a', untilOffset: 1_001 } })),
    `
      1 follow 1 master=0
      2 apply-config 1
    `,
  )
})

test('an unexpected master with writes of its own is refused', () => {
  planIs(
    beside(unexpectedMaster({ previous: { replid: 'replid-a', untilOffset: 1_001 }, offset: 1_064 })),
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
  )
})

test('an unexpected master of another history is refused', () => {
  planIs(
    beside(unexpectedMaster({ previous: null })),
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
    'replication/an unexpected master of another history is refused',
  )
})

test('an empty unexpected master rejoins, whatever its history', () => {
  planIs(
    beside(unexpectedMaster({ previous: null, keys: 0 })),
    `
      1 follow 1 master=0
      2 apply-config 1
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
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
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
    'wait 1 1000ms',
    'replication/a replica that synchronises is waited for with how far it is',
  )
})

test('a replica that connects is waited for', () => {
  planIs(beside(replica(1, { upstream: { link: 'down' } })), 'wait 1 1000ms')
})

test('a node that was started a moment ago is waited for', () => {
  planIs(
    beside(
      node(1, {
        probe: { kind: 'refused', reason: 'nobody listens' },
        container: { startedAtMs: nowMs - 40 },
      }),
    ),
    'wait 1 20ms',
    'replication/a node that was started a moment ago is waited for',
  )
})

test('a node that gives no sign of life is waited for, with what was tried', () => {
  planIs(
    beside(node(1, { probe: { kind: 'hung', ...silence }, unreachableSinceMs: nowMs - 3_000 })),
    'wait 1 300ms',
    'replication/a node that gives no sign of life is waited for with',
  )
})

test('a node that loads its data is waited for', () => {
  planIs(
    beside(node(1, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica' }) } })),
    'wait 1 250ms',
    'replication/a node that loads its data is waited for',
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
      wait 1 1000ms
      wait 2 1000ms
      wait 3 1000ms
    `,
    'replication/a node in a script one that locks us out and one',
  )
})

const unreachable = (sinceMs: number): ObservedNode =>
  node(1, { probe: { kind: 'silent', ...silence }, unreachableSinceMs: nowMs - sinceMs })

test('a replica that says nothing for half a minute is killed and started again, and not before', () => {
  planIs(beside(unreachable(30_000)), 'wait 1 1000ms')
  planIs(
    beside(unreachable(30_001)),
    '1 kill-container 1 shop-replica-1',
    'replication/a replica that says nothing for half a minute is killed and',
  )
})

test('a replica that follows nobody is pointed at the master', () => {
  planIs(
    beside(node(1, { probe: { kind: 'answered', facts: redisFacts({ role: 'replica', upstream: null }) } })),
    `
      1 follow 1 master=0
      2 apply-config 1
    `,
    'replication/a replica that follows nobody is pointed at the master',
  )
})

test('how far a synchronisation has come is told as far as it is known', () => {
  const syncing = (upstream: Parameters<typeof replica>[1]): ObservedNode => replica(1, upstream)
  const down = { link: 'down', syncing: true } as const
  planIs(
    beside(syncing({ upstream: { ...down, syncTotalBytes: 1_000, syncReadBytes: 509 } })),
    'wait 1 1000ms',
  )
  planIs(
    beside(syncing({ upstream: { ...down, syncTotalBytes: 0 } })),
    'wait 1 1000ms',
    'replication/how far a synchronisation has come is told as far as it',
  )
  planIs(
    beside(syncing({ upstream: { link: 'down', syncing: false, syncTotalBytes: 1_000 } })),
    'wait 1 1000ms',
  )
})

test('a frozen replica is waited for with the remedy', () => {
  planIs(beside(node(1, { container: { state: 'paused' } })), 'wait 1 1000ms')
})

test('a replica that only its own word says is connected is reconnected after a second of silence, not before', () => {
  const unheard = (lastIoSeconds: number | null, followers: readonly number[], role = 'master'): Case => ({
    spec: { replicas: 1 },
    nodes: [
      master(0, { role: role as 'master', followers: followers.map(follower) }),
      replica(1, { upstream: { lastIoSeconds } }),
    ],
    seen: { resources: null },
  })
  const reconnect = `
    1 follow 1 master=0 reconnect
    2 apply-config 1
  `
  for (const quiet of [0, null]) planIs(unheard(quiet, []), 'nothing')
  planIs(unheard(1, []), reconnect, 'replication/a link that is up and silent is recreated')
  planIs(unheard(1, [2]), reconnect)
  planIs(unheard(6, [2, 1]), 'nothing')
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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppliedSettings, FlotillaMemory } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { usersSetting } from '../../../../src/reconciler/plan/settings/users.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { appliedAuthFiles, appliedUsers } from '../../../../src/reconciler/plan/settings/users.js'
import {
  container,
  crash,
  master,
  node,
  nodeRecord,
  nowMs,
  planInput,
  planIs,
  replica,
  settledNodes,
  stopped,
  witnessed,
} from '../../support/world.js'
import type { Probe } from '../../../../src/model/redis.js'
import type { AuthView } from '../../../../src/model/auth-view.js'

/**
 * Node 0 is active over nodes 1 and 2; who was given what the keyring says (the digest `today`), and what
 * follows where somebody was not.
 */
function keyring(overrides: Partial<AuthView> = {}): AuthView {
  return {
    digest: 'today',
    pending: [],
    former: [],
    departed: [],
    others: [],
    problems: [],
    isPartial: false,
    ...overrides,
  }
}

/** The memory in which these nodes have in their files and their process what the keyring says. */
function given(
  nodes: readonly ObservedNode[],
  but: Readonly<Record<number, AppliedSettings>> = {},
): FlotillaMemory {
  return witnessed([], {
    nodes: nodes.map(({ ordinal, container: facts }) =>
      nodeRecord(ordinal, {
        applied: {
          ...appliedAuthFiles(facts, 'today'),
          ...appliedUsers(facts, 'today'),
          ...but[ordinal],
        },
      }),
    ),
  })
}

/** What nobody has: as if the node had never been given it. */
const noFiles: AppliedSettings = { 'auth-files': { incarnation: 'another', digest: 'old' } }
const noUsers: AppliedSettings = { users: { incarnation: 'another', digest: 'old' } }

const nodes = settledNodes()
const busy: Probe = { kind: 'busy', reason: 'a script' }
const own = { user: 'replication', own: true }
const application = { user: 'default', own: false }

test('who was given all of it is given nothing', () => {
  planIs({ nodes, memory: given(nodes), auth: keyring() }, 'nothing')
  const { digest: _digest, ...rest } = keyring()
  planIs(
    { nodes, memory: given(nodes), auth: { ...rest, digest: 'tomorrow' } },
    `
      1 apply-users 0 shop-master
      1 apply-users 1 shop-replica-1
      1 apply-users 2 shop-replica-2
    `,
    'auth/all are given the users and passwords of today',
  )
})

test('a process that was started since has to be given it, and so has a container whose files are older', () => {
  const restarted = { 1: appliedUsers({ ...container(1), startedAtMs: 7 }, 'today') }
  const steps = '1 apply-users 1 shop-replica-1'
  planIs({ nodes, memory: given(nodes, restarted), auth: keyring() }, steps)
  planIs({ nodes, memory: given(nodes, { 1: noFiles }), auth: keyring() }, steps)
})

test('a container that does not run gets its files, whether it is started now or not', () => {
  const ended = stopped(2, { exitCode: 1 })
  const seen = [master(0), replica(1), ended]
  const memory = given(seen, { 2: { ...noFiles, ...noUsers } })
  planIs(
    { nodes: seen, memory, auth: keyring() },
    `
      1 write-config 2 shop-replica-2
      2 start-container 2 shop-replica-2
      3 follow 2 master=0
      4 apply-config 2
    `,
    'auth/a container that does not run gets its files whether it is',
  )
  const crashes = [3, 2, 1].map(count => crash({ atMs: nowMs - count * 100, ranMs: 10 }))
  const resting = {
    ...memory,
    nodes: memory.nodes.map(one => (one.ordinal === 2 ? { ...one, crashes } : one)),
  }
  planIs(
    { nodes: seen, memory: resting, auth: keyring() },
    `
      1 write-config 2 shop-replica-2
      wait 2 1900ms
    `,
    'auth/a container that waits for its next start gets its files',
  )
})

test('a container that does not run has no process to be given anything', () => {
  const seen = [master(0), replica(1), stopped(2, { exitCode: 1 })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: noUsers }), auth: keyring({ pending: [own] }) },
    `
      1 start-container 2 shop-replica-2
      2 follow 2 master=0
      3 apply-config 2
      4 activate-passwords users=replication
    `,
    'auth/a container that does not run has no process to be given',
  )
})

test('a container on its way out keeps nobody waiting', () => {
  const seen = [master(0), replica(1), node(2, { container: { state: 'removing' } })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: noFiles }), auth: keyring({ pending: [own] }) },
    `
      1 activate-passwords users=replication
      wait 2 100ms
    `,
  )
})

test('our own new password waits for a node that can not be given it, an application’s does not', () => {
  const seen = [master(0), node(1, { probe: busy }), node(2, { probe: busy })]
  const facts = { nodes: seen, memory: given(seen, { 1: noFiles, 2: noUsers }) }
  planIs(
    { ...facts, auth: keyring({ pending: [own, { user: 'flotilla', own: true }, application] }) },
    `
      1 activate-passwords users=default
      wait 1 1000ms
      wait 2 1000ms
      wait 1 1000ms
    `,
    'auth/our own new password waits for a node that can not be',
  )
  planIs(
    { ...facts, auth: keyring({ pending: [application] }) },
    `
      1 activate-passwords users=default
      wait 1 1000ms
      wait 2 1000ms
    `,
  )
})

test('a node that this plan starts again is given everything by that, and its own password waits for it', () => {
  const old = replica(
    2,
    {},
    { container: { labels: { ...container(2).labels, 'io.flotilla.spec-hash': 'old' } } },
  )
  const seen = [master(0), replica(1), old]
  planIs(
    { nodes: seen, memory: given(seen, { 2: noFiles }), auth: keyring({ pending: [own] }) },
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 create-container 2 shop-replica-2
      4 start-container 2 shop-replica-2
      5 follow 2 master=0
      6 apply-config 2
    `,
  )
})

test('a node that gets another name is given its passwords all the same', () => {
  const seen = [master(0), replica(1), replica(2, {}, { container: { name: 'shop-odd' } })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: noFiles }), auth: keyring() },
    `
      1 rename-container 2 shop-odd to=shop-replica-2
      2 apply-users 2 shop-odd
    `,
  )
})

test('a former password is dropped when its time is over, one of our own when every node has the new one besides', () => {
  const former = [
    { ...own, untilMs: nowMs },
    { ...own, untilMs: nowMs },
    { ...application, untilMs: nowMs },
    { user: 'app', own: false, untilMs: nowMs + 1 },
  ]
  planIs(
    { nodes, memory: given(nodes), auth: keyring({ former }) },
    '1 retire-passwords users=replication,default',
    'auth/former passwords are dropped when their time is over',
  )
  const late = [master(0), replica(1), node(2, { probe: busy })]
  planIs(
    { nodes: late, memory: given(late, { 2: noFiles }), auth: keyring({ former }) },
    `
      1 retire-passwords users=default
      wait 2 1000ms
    `,
    'auth/a password of our own stays while a node can not be given the new one',
  )
})

test('a user that has gone is forgotten when no node has it any more', () => {
  const auth = keyring({ departed: ['app'] })
  planIs(
    { nodes, memory: given(nodes), auth },
    '1 retire-passwords departed=app',
    'auth/a user that has gone is forgotten when no node has it',
  )
  const late = [master(0), replica(1), node(2, { probe: busy })]
  planIs({ nodes: late, memory: given(late, { 2: noFiles }), auth }, 'wait 2 1000ms')
})

test('who is late is told for those who show it, be it one node too many', () => {
  const late = (auth: AuthView | null): readonly number[] => {
    const memory = given(nodes, { 1: noFiles, 2: noUsers })
    const input = planInput({ spec: { replicas: 1 }, nodes, memory, ...(auth === null ? {} : { auth }) })
    const { wanted, excess } = membersOf(input, 0)
    const pending = [...wanted, ...excess].filter(one => !usersSetting.isApplied(input, one))
    return pending.map(({ ordinal }) => ordinal)
  }
  assert.deepEqual(late(keyring()), [1, 2])
  assert.deepEqual(late(null), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaMemory } from '../../../../src/model/record.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { nodesMissingAuth } from '../../../../src/reconciler/plan/settings/auth.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { authFilesDigest, authProcessDigest } from '../../../../src/reconciler/plan/settings/auth-digests.js'
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
 * Node 0 reigns over nodes 1 and 2; who was given what the keyring says (the digest `today`), and what
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
  but: Readonly<Record<number, { readonly files?: string | null; readonly process?: string | null }>> = {},
): FlotillaMemory {
  return witnessed([], {
    nodes: nodes.map(({ ordinal, container: facts }) =>
      nodeRecord(ordinal, {
        given: {
          files: authFilesDigest(facts, 'today'),
          process: authProcessDigest(facts, 'today'),
          listed: null,
          ...but[ordinal],
        },
      }),
    ),
  })
}

const nodes = settledNodes()
const busy: Probe = { kind: 'busy', reason: 'a script' }
const own = { user: 'replication', own: true }
const application = { user: 'default', own: false }
const changed = 'the users or passwords that it was given are not those of today'

test('who was given all of it is given nothing', () => {
  planIs({ nodes, memory: given(nodes), auth: keyring() }, 'nothing to do')
  const { digest: _digest, ...rest } = keyring()
  planIs(
    { nodes, memory: given(nodes), auth: { ...rest, digest: 'tomorrow' } },
    `
    stage 1
      give shop-master its users and passwords  # ${changed}
      give shop-replica-1 its users and passwords  # ${changed}
      give shop-replica-2 its users and passwords  # ${changed}
    `,
  )
})

test('a process that was started since has to be given it, and so has a container whose files are older', () => {
  const restarted = { 1: { process: authProcessDigest({ ...container(1), startedAtMs: 7 }, 'today') } }
  const text = `
    stage 1
      give shop-replica-1 its users and passwords  # ${changed}
  `
  planIs({ nodes, memory: given(nodes, restarted), auth: keyring() }, text)
  planIs({ nodes, memory: given(nodes, { 1: { files: null } }), auth: keyring() }, text)
})

test('a container that does not run gets its files, whether it is started now or not', () => {
  const ended = stopped(2, { exitCode: 1 })
  const seen = [master(0), replica(1), ended]
  const memory = given(seen, { 2: { files: 'old', process: null } })
  planIs(
    { nodes: seen, memory, auth: keyring() },
    `
    stage 1
      write redis.conf into shop-replica-2  # it would start with users and passwords of an earlier day
    stage 2
      start shop-replica-2  # it ended with exit code 1
    stage 3
      node 2 follows node 0  # it has just been started, and has to be told whom to follow
    stage 4
      tune node 2 for its version  # its process may be new
    `,
  )
  const crashes = [3, 2, 1].map(count => crash({ atMs: nowMs - count * 100, ranMs: 10 }))
  const resting = {
    ...memory,
    nodes: memory.nodes.map(one => (one.ordinal === 2 ? { ...one, crashes } : one)),
  }
  planIs(
    { nodes: seen, memory: resting, auth: keyring() },
    `
    stage 1
      write redis.conf into shop-replica-2  # ${changed}
    waiting for: the next start of node 2 is due, in 2 s: it ended 3 times within 30 s of its start
    `,
  )
})

test('a container that does not run has no process to be given anything', () => {
  const seen = [master(0), replica(1), stopped(2, { exitCode: 1 })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: { process: null } }), auth: keyring({ pending: [own] }) },
    `
    stage 1
      start shop-replica-2  # it ended with exit code 1
    stage 2
      node 2 follows node 0  # it has just been started, and has to be told whom to follow
    stage 3
      tune node 2 for its version  # its process may be new
    stage 4
      use the new password of replication  # the nodes accept the new password
    `,
  )
})

test('a container on its way out keeps nobody waiting', () => {
  const seen = [master(0), replica(1), node(2, { container: { state: 'removing' } })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: { files: null } }), auth: keyring({ pending: [own] }) },
    `
    stage 1
      use the new password of replication  # the nodes accept the new password
    waiting for: the engine removes shop-replica-2
    `,
  )
})

test('our own new password waits for a node that can not be given it, an application’s does not', () => {
  const seen = [master(0), node(1, { probe: busy }), node(2, { probe: busy })]
  const facts = { nodes: seen, memory: given(seen, { 1: { files: null }, 2: { process: null } }) }
  planIs(
    { ...facts, auth: keyring({ pending: [own, { user: 'flotilla', own: true }, application] }) },
    `
    stage 1
      use the new password of default  # the nodes accept the new password
    waiting for: node 1 ends a script that blocks it
    waiting for: node 2 ends a script that blocks it
    waiting for: node 1 (busy), 2 (busy) can be given the new password of replication and flotilla
    `,
  )
  planIs(
    { ...facts, auth: keyring({ pending: [application] }) },
    `
    stage 1
      use the new password of default  # the nodes accept the new password
    waiting for: node 1 ends a script that blocks it
    waiting for: node 2 ends a script that blocks it
    `,
  )
})

test('a node that this plan starts anew is given everything by that, and its own password waits for it', () => {
  const old = replica(
    2,
    {},
    { container: { labels: { ...container(2).labels, 'io.flotilla.spec-hash': 'old' } } },
  )
  const seen = [master(0), replica(1), old]
  planIs(
    { nodes: seen, memory: given(seen, { 2: { files: null } }), auth: keyring({ pending: [own] }) },
    `
    stage 1
      stop shop-replica-2  # it was made from an older spec
    stage 2
      remove container shop-replica-2  # it was made from an older spec; its volume is kept
    stage 3
      create container shop-replica-2 (node 2)  # it was made from an older spec
    stage 4
      start shop-replica-2  # it was made from an older spec
    stage 5
      node 2 follows node 0  # it has just been started, and has to be told whom to follow
    stage 6
      tune node 2 for its version  # its process is new
    `,
  )
})

test('a node that gets another name is given its passwords all the same', () => {
  const seen = [master(0), replica(1), replica(2, {}, { container: { name: 'shop-odd' } })]
  planIs(
    { nodes: seen, memory: given(seen, { 2: { files: null } }), auth: keyring() },
    `
    stage 1
      rename shop-odd to shop-replica-2  # a name is a role, and it is a replica
    stage 2
      give shop-odd its users and passwords  # ${changed}
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
  const over = 'the time in which the former password is accepted beside the new one is over'
  planIs(
    { nodes, memory: given(nodes), auth: keyring({ former }) },
    `
    stage 1
      drop the former password of replication, default  # ${over}
    `,
  )
  const late = [master(0), replica(1), node(2, { probe: busy })]
  planIs(
    { nodes: late, memory: given(late, { 2: { files: null } }), auth: keyring({ former }) },
    `
    stage 1
      drop the former password of default  # ${over}
    waiting for: node 2 ends a script that blocks it
    `,
  )
})

test('a user that has gone is forgotten when no node has it any more', () => {
  const auth = keyring({ departed: ['app'] })
  planIs(
    { nodes, memory: given(nodes), auth },
    `
    stage 1
      forget the user app  # no node has the user any more
    `,
  )
  const late = [master(0), replica(1), node(2, { probe: busy })]
  planIs(
    { nodes: late, memory: given(late, { 2: { files: null } }), auth },
    'waiting for: node 2 ends a script that blocks it',
  )
})

test('who is late is told for those who show it, be it one node too many', () => {
  const late = (auth: AuthView | null): readonly number[] => {
    const memory = given(nodes, { 1: { files: null }, 2: { process: null } })
    const input = planInput({ spec: { replicas: 1 }, nodes, memory, ...(auth === null ? {} : { auth }) })
    return nodesMissingAuth(input, membersOf(input, 0)).map(({ ordinal }) => ordinal)
  }
  assert.deepEqual(late(keyring()), [1, 2])
  assert.deepEqual(late(null), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import type { Action } from '../../../../src/model/plan.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  follower,
  lineage,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nowMs,
  operation,
  planInput,
  planIs,
  redisFacts,
  replica,
  request,
  settledNodes,
  stopped,
  witnessed,
  type Case,
} from '../../support/world.js'

/** What a promotion writes down and does beside promoting, which its text does not tell in full. */
function actionsOf(facts: Case): readonly Action[] {
  return planFlotilla(planInput({ seen: { resources: null }, ...facts })).stages.flat()
}

function endOf(facts: Case): { readonly offsetGapBytes: number | null; readonly lostKeys: number } {
  const end = actionsOf(facts).find(one => one.kind === 'end-operation')
  return end?.kind === 'end-operation' ? end : assert.fail('no operation ends')
}

const dead = stopped(0, { name: 'shop-master' })
const lost = (ordinal: number, facts: Parameters<typeof replica>[1] = {}): ObservedNode =>
  replica(ordinal, { ...facts, upstream: { link: 'down', ...facts.upstream } })
const known = (offset: number, replid = 'replid-a') =>
  memory(0, {
    master: { ordinal: 0, sinceMs: 0, lineage: lineage({ offset, replid }) },
    nodes: [nodeRecord(1), nodeRecord(2)],
  })

test('a failover writes down since when there was trouble', () => {
  const begin = actionsOf({ memory: known(1_000), nodes: [dead, lost(1), lost(2)] }).find(
    one => one.kind === 'begin-operation',
  )
  assert.equal(begin?.kind === 'begin-operation' ? begin.operation.troubleAtMs : 0, nowMs - 100)
})

test('what a failover is known to have lost is what the master had, or any replica has received, and the new one has not', () => {
  const gap = (of: Case): number | null => endOf(of).offsetGapBytes
  const nodes = (readOffset: number | null, replid = 'replid-a'): readonly ObservedNode[] => [
    dead,
    lost(1),
    lost(2, { replid, offset: 900, upstream: { appliedOffset: 900, readOffset } }),
  ]
  assert.equal(gap({ memory: known(1_000), nodes: nodes(900) }), 0)
  assert.equal(gap({ memory: known(1_250), nodes: nodes(900) }), 250)
  assert.equal(gap({ memory: known(1_250), nodes: nodes(1_300) }), 300)
  assert.equal(gap({ memory: known(1_250), nodes: nodes(null) }), 250)
  assert.equal(gap({ memory: known(1_250), nodes: nodes(1_300, 'replid-b') }), 250)
  assert.equal(gap({ memory: known(400), nodes: nodes(900) }), 0)
})

test('where offsets can not be compared, or it was no failover, nobody says what was lost', () => {
  const forced = { request: request({ to: 1, force: true }) }
  assert.equal(
    endOf({ memory: { ...known(2_000, 'replid-b'), ...forced }, nodes: [dead, lost(1), lost(2)] })
      .offsetGapBytes,
    null,
  )
  assert.equal(
    endOf({
      memory: { ...memory(0, { master: { ordinal: 0, sinceMs: 0, lineage: null } }), ...forced },
      nodes: [dead, lost(1)],
    }).offsetGapBytes,
    null,
  )
  assert.equal(
    endOf({ spec: { replicas: 0 }, nodes: [newborn(0, { replid: 'replid-a' })] }).offsetGapBytes,
    null,
  )
})

test('a failover that is recorded without a record of the master says nothing of what was lost', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1, epoch: 1 })
  assert.equal(
    endOf({ spec: { replicas: 1 }, memory: memory(null, { operation: begun }), nodes: [dead, lost(1)] })
      .offsetGapBytes,
    null,
  )
})

test('the keys that a cold start has lost are written down, and none where none are', () => {
  const nodes = [newborn(0, { keys: 0 })]
  const persistence = defaultPersistence('none')
  assert.equal(endOf({ spec: { replicas: 0, persistence }, nodes }).lostKeys, 10)
  assert.equal(endOf({ spec: { replicas: 0 }, nodes: [newborn(0)] }).lostKeys, 0)
})

test('an old master that is a replica by now is killed before the name leads to the new one, one that is down or still master is not', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1 })
  const kills = (old: ObservedNode, overrides: Partial<typeof begun> = {}): readonly string[] =>
    actionsOf({
      memory: witnessed([1, 2], { operation: { ...begun, ...overrides } }),
      nodes: [old, lost(1), lost(2)],
    }).flatMap(one => (one.kind === 'kill-container' ? [one.name] : []))
  assert.deepEqual(kills(newborn(0)), ['shop-replica-0'])
  assert.deepEqual(kills(dead), [])
  assert.deepEqual(kills(newborn(0), { kind: 'restart' }), [])
  assert.deepEqual(kills(newborn(0), { from: 2 }), ['shop-replica-2'])
  assert.deepEqual(kills(newborn(0), { from: 1 }), [])
  assert.deepEqual(kills(master(0, { keys: 0 })), [])
})

test('the name of a dead master is given up later, that of one that lives at once', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 0, to: 1 })
  const renames = (old: ObservedNode, overrides: Partial<typeof begun> = {}): readonly string[] =>
    actionsOf({
      memory: witnessed([1, 2], { operation: { ...begun, ...overrides } }),
      nodes: [old, lost(1), lost(2)],
    }).flatMap(one => (one.kind === 'rename-container' ? [`${one.name} to ${one.to}`] : []))
  const later = ['shop-replica-1 to shop-MASTER']
  const atOnce = ['shop-master to shop-replica-0', 'shop-replica-1 to shop-master']
  assert.deepEqual(renames(dead), later)
  assert.deepEqual(renames(newborn(0, {}, { container: { name: 'shop-master' } })), later)
  assert.deepEqual(renames(dead, { kind: 'cold-start' }), atOnce)
  assert.deepEqual(renames(dead, { from: 1 }), atOnce)
  assert.deepEqual(renames(master(0, { keys: 0 })), atOnce)
  assert.deepEqual(
    renames(newborn(0, {}, { container: { name: 'shop-master' } }), { kind: 'cold-start' }),
    atOnce,
  )
})

test('who still waits on the old master of a switchover that goes on is let go and sent over', () => {
  const switching = operation({ kind: 'switchover', phase: 'switching', from: 0, to: 1 })
  const resumes = (old: ObservedNode): readonly string[] =>
    actionsOf({
      memory: witnessed([1, 2], { operation: switching }),
      nodes: [old, replica(1), replica(2)],
    }).flatMap(one =>
      (one.kind === 'resume-writes' || one.kind === 'disconnect-clients') && 'ordinal' in one
        ? [`${one.kind} ${one.ordinal}`]
        : [],
    )
  const demoted = replica(0, { upstream: { host: 'shop-1' } })
  assert.deepEqual(resumes(demoted), ['disconnect-clients 0', 'resume-writes 0'])
  assert.deepEqual(resumes(stopped(0)), [])
})

test('when the old master is promoted again its clients go on where they are', () => {
  const switching = operation({ kind: 'switchover', phase: 'switching', from: 0, to: 1 })
  const demoted = replica(0, { upstream: { host: 'shop-1' } }, { container: { name: 'shop-master' } })
  const kinds = actionsOf({
    memory: witnessed([1, 2], { operation: switching }),
    nodes: [demoted, stopped(1), replica(2)],
  }).map(({ kind }) => kind)
  assert.ok(kinds.includes('resume-writes'))
  assert.ok(!kinds.includes('disconnect-clients'))
})

test('a forced request for a master is answered, with who is set aside by it in order', () => {
  const unexpectedMaster = (ordinal: number): ObservedNode =>
    master(
      ordinal,
      { replid: `s${ordinal}`, previous: null },
      { container: { name: `shop-replica-${ordinal}` } },
    )
  const of = (nodes: readonly ObservedNode[]): Action | undefined =>
    actionsOf({
      spec: { replicas: 3 },
      memory: memory(0, { request: request({ to: 0, force: true }) }),
      nodes,
    }).find(({ kind }) => kind === 'complete-request')
  const answer = (nodes: readonly ObservedNode[]): string => {
    const action = of(nodes)
    return action?.kind === 'complete-request' ? `${action.detail} [${action.divergent.join()}]` : 'no answer'
  }
  const stays = 'node 0 is the master'
  assert.equal(answer(settledNodes(3)), `${stays}; nobody says otherwise []`)
  assert.equal(
    answer([master(0), unexpectedMaster(1), replica(2), replica(3)]),
    `${stays}; what node 1 held is set aside [1]`,
  )
  assert.equal(
    answer([master(0), stopped(1), unexpectedMaster(2), stopped(3)]),
    `${stays}; what node 1, 2, 3 held is set aside [1,2,3]`,
  )
})

test('whose promotion was cut short is named by force against an unexpected master: that one is stopped, and the promotion goes on', () => {
  const unexpectedMaster = master(
    2,
    { replid: 's', previous: null },
    { container: { name: 'shop-replica-2' } },
  )
  const begun = operation({ kind: 'restart', phase: 'promoting', from: 0, to: 0 })
  const of = (to: number): readonly string[] =>
    actionsOf({
      memory: memory(0, { operation: begun, request: request({ to, force: true }) }),
      nodes: [newborn(0), replica(1), unexpectedMaster],
    }).map(action =>
      action.kind === 'complete-request' ? `${action.result}: ${action.detail}` : action.kind,
    )
  assert.deepEqual(of(0), ['stop-container', 'done: node 0 is the master; what node 2 held is set aside'])
  // Another one than was begun with would not come of it: whoever asks for that is told what stands in the
  // way.
  assert.match(of(1).join(), /^refused: UnexpectedMaster: /)
})

test('to force another one than the active master says nothing of who is unexpected', () => {
  const unexpectedMaster = master(
    1,
    { replid: 's', previous: null },
    { container: { name: 'shop-replica-1' } },
  )
  const of = (overrides: Parameters<typeof request>[0]): readonly string[] =>
    actionsOf({
      spec: { replicas: 1 },
      memory: memory(0, { request: request(overrides) }),
      nodes: [master(0), unexpectedMaster],
    }).map(({ kind }) => kind)
  assert.ok(of({ to: 0, force: true }).includes('stop-container'))
  assert.ok(!of({ to: 0 }).includes('stop-container'))
  assert.ok(!of({ to: 1, force: true }).includes('stop-container'))
  assert.ok(!of({ to: 0, force: true, kind: 'switchover' }).includes('stop-container'))
})

test('a node that this plan tells to follow is tuned once, and others that need it beside it', () => {
  planIs(
    {
      nodes: [
        master(0, { followers: [follower(2)] }),
        replica(1, { upstream: { host: 'shop-2' } }),
        replica(2),
      ],
      configPending: [0, 1, 2],
      seen: { resources: null },
    },
    `
      1 follow 1 master=0
      2 apply-config 1
      2 apply-config 0
      2 apply-config 2
    `,
  )
})

test('a master that gets another address takes along only those that were connected to it', () => {
  const away = (role: 'master' | 'replica'): ObservedNode =>
    node(0, {
      container: { name: 'shop-master', networks: [] },
      address: null,
      probe: role === 'master' ? null : { kind: 'answered', facts: redisFacts({ role }) },
    })
  const told = actionsOf({
    spec: { replicas: 3 },
    memory: witnessed([1, 2, 3]),
    nodes: [away('master'), replica(1), lost(2), stopped(3)],
  }).flatMap(one => (one.kind === 'follow' ? [`${one.ordinal}${one.reconnect ? ' reconnects' : ''}`] : []))
  assert.deepEqual(told, ['1 reconnects'])
  const other = actionsOf({
    spec: { replicas: 2 },
    memory: witnessed([1, 2]),
    nodes: [stopped(0, { name: 'shop-master', exitCode: 1 }), { ...node(1, { address: null }) }, replica(2)],
  }).filter(one => one.kind === 'follow')
  assert.deepEqual(other, [])
})

test('a node that was stopped and asked to be restarted is recreated on its volume', () => {
  const asked = memory(0, { nodes: [nodeRecord(1, { restartAskedAtMs: nowMs })] })
  planIs(
    {
      spec: { replicas: 1 },
      memory: asked,
      nodes: [master(0), stopped(1)],
      seen: { resources: null },
    },
    `
      1 create-volume 1 volume=shop-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'promotion/a node that was stopped and asked to be restarted is',
  )
})

test('how a node ended is the cause of its start', () => {
  const cause = (
    exit: NonNullable<ObservedNode['container']['exit']> | null,
    state: 'exited' | 'created' = 'exited',
  ): string => {
    const start = actionsOf({
      spec: { replicas: 1 },
      nodes: [master(0), stopped(1, { state, container: { exit } })],
    }).find(({ kind }) => kind === 'start-container')
    return start?.cause ?? 'it is not started'
  }
  const exit = { code: 3, oomKilled: false, atMs: nowMs, error: null }
  assert.equal(cause(exit), 'it ended with exit code 3')
  assert.equal(cause({ ...exit, error: '' }), 'it ended with exit code 3')
  assert.equal(cause({ ...exit, error: 'no space' }), 'its last start failed: no space')
  assert.equal(cause({ ...exit, oomKilled: true }), 'it was OOM-killed')
  assert.equal(cause(null), 'it was never started')
  assert.equal(cause(exit, 'created'), 'it was never started')
})

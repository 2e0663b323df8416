import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../src/model/observation.js'
import { violationsOf } from '../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import {
  answered,
  follower,
  master,
  memory,
  node,
  nodeRecord,
  nowMs,
  operation,
  planInput,
  planText,
  replica,
  request,
  stopped,
  type Case,
  planIs,
} from '../support/world.js'

/**
 * The master is the last of three, and whoever matters is not the first to be found: a node is meant by its
 * ordinal, not by its place.
 */

const behind = (ordinal: number, upstream: Parameters<typeof replica>[1] = {}): ObservedNode =>
  replica(ordinal, { ...upstream, upstream: { host: 'shop-2', ...upstream.upstream } })
const known = (overrides: Parameters<typeof memory>[1] = {}) =>
  memory(2, { nodes: [nodeRecord(0), nodeRecord(1), nodeRecord(2)], ...overrides })
const activeMaster = master(2, { runId: 'run-2', followers: [follower(0), follower(1)] })

function plan(nodes: readonly ObservedNode[], overrides: Parameters<typeof memory>[1] = {}): string {
  const facts: Case = { memory: known(overrides), nodes, seen: { resources: null } }
  const input = planInput(facts)
  assert.deepEqual(violationsOf(planFlotilla(input), input), [])
  return planText(facts)
}

test('a settled flotilla is left alone, whoever is its master', () => {
  assert.equal(plan([behind(0), behind(1), activeMaster]), 'nothing to do\n')
})

test('it is the master that is killed when it hangs', () => {
  const hung = node(2, {
    container: { name: 'shop-master' },
    probe: { kind: 'hung', reason: 'nothing', lastByteAtMs: null },
    unreachableSinceMs: nowMs - 6_000,
  })
  const heard = { upstream: { lastIoSeconds: 6 } }
  assert.match(plan([behind(0, heard), behind(1, heard), hung]), /kill shop-master {2}# node 2, the master,/)
})

test('a dead master is replaced by who has come furthest, and the other one follows that', () => {
  const lost = (ordinal: number, appliedOffset: number) =>
    behind(ordinal, { offset: appliedOffset, upstream: { link: 'down', appliedOffset } })
  const text = plan([lost(0, 900), lost(1, 1_000), stopped(2, { name: 'shop-master' })])
  assert.match(text, /promote node 1 /)
  assert.match(text, /node 0 follows node 1 /)
})

test('a switchover goes from the one to the other, and the third follows', () => {
  const asked = { request: request({ kind: 'switchover', to: 1 }) }
  const text = plan([behind(0), behind(1), activeMaster], asked)
  assert.match(text, /pause writes on node 2 /)
  assert.match(text, /wait until node 1 has all that node 2 has/)
  assert.match(text, /node 2 follows node 1 /)
  assert.match(text, /promote node 1 /)
  assert.match(text, /node 0 follows node 1 /)
  assert.doesNotMatch(text, /node 1 follows/)
})

test('a third node that follows somebody else is told to follow once the switchover is done', () => {
  const asked = { request: request({ kind: 'switchover', to: 1 }) }
  const text = plan([replica(0, { upstream: { host: 'elsewhere' } }), behind(1), activeMaster], asked)
  assert.doesNotMatch(text, /node 0 follows/)
})

test('a switchover that was cut short is gone on with by those two', () => {
  const switching = operation({
    ...{ kind: 'switchover', phase: 'switching', from: 2, to: 1, startedAtMs: nowMs - 500 },
  })
  const demoted = replica(2, { upstream: { host: 'shop-1' } }, { container: { name: 'shop-master' } })
  const goesOn = plan([behind(0), behind(1), demoted], { operation: switching })
  assert.match(goesOn, /promote node 1 /)
  assert.match(goesOn, /resume writes on node 2 /)
  assert.match(
    plan([behind(0), behind(1), activeMaster], { operation: switching }),
    /resume writes on node 2 .*the old master is still there/,
  )
})

test('an old master that was started while its failover goes on is the one that is killed', () => {
  const begun = operation({ kind: 'failover', phase: 'promoting', from: 2, to: 1 })
  const reborn = replica(2, { runId: 'reborn', upstream: { host: 'master', link: 'down' } })
  assert.match(
    plan([behind(0), behind(1, { upstream: { link: 'down' } }), reborn], { operation: begun }),
    /kill shop-replica-2 {2}# it was restarted/,
  )
})

test('by force it is the named one that stays, and it alone is not stopped', () => {
  const unexpectedMaster = master(
    0,
    { runId: 'run-0', replid: 'replid-s', previous: null },
    { container: { name: 'shop-replica-0' } },
  )
  const text = plan([unexpectedMaster, behind(1), activeMaster], { request: request({ to: 2, force: true }) })
  assert.match(text, /stop shop-replica-0 /)
  assert.doesNotMatch(text, /stop shop-(master|replica-1)/)
  assert.match(text, /what node 0 held is set aside/)
})

test('what is known of a node is looked up by its ordinal', () => {
  const nodes = [nodeRecord(0, { restartAskedAtMs: nowMs }), nodeRecord(1), nodeRecord(2)]
  const text = plan([behind(0), behind(1), activeMaster], { nodes })
  assert.match(text, /stop shop-replica-0 {2}# a person asked for its restart/)
  assert.doesNotMatch(text, /shop-replica-1/)
})

test('the lowest of several that hold nothing is the master of a flotilla without a record', () => {
  const blank = (ordinal: number): ObservedNode =>
    node(ordinal, { probe: answered({ role: 'replica', keys: 0, upstream: null }) })
  planIs(
    { memory: memory(null), nodes: [blank(2), blank(0), blank(1)], seen: { resources: null } },
    `
      1 begin-operation cold-start epoch=1 to=0
      2 promote 0
      3 rename-container 0 shop-replica-0 to=shop-master
      4 end-operation cold-start epoch=1 to=0 result=done lostKeys=0
      5 follow 1 master=0
      5 follow 2 master=0
      6 apply-config 1
      6 apply-config 2
    `,
    'any-ordinal/the lowest of several that hold nothing is the master of a',
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { hangBudgetMs, masterFailureOf } from '../../../../src/reconciler/plan/master/master-failure.js'
import {
  container,
  master,
  memory,
  newborn,
  node,
  nowMs,
  planInput,
  redisFacts,
  replica,
  spec,
  stopped,
  type Case,
} from '../../support/world.js'

/** What is wrong with node 0, the master: `kind since how many ms: what`; null while nothing is. */
function failure(nodes: readonly ObservedNode[], overrides: Partial<Case> = {}): string | null {
  const input = planInput({ nodes, seen: { resources: null }, ...overrides })
  const { wanted, excess } = membersOf(input, 0)
  const all = [...wanted, ...excess]
  const found = masterFailureOf(
    input,
    all.find(one => one.ordinal === 0),
    all,
  )
  return found === null ? null : `${found.kind} since ${nowMs - found.sinceMs}: ${found.what}`
}

const refused = { kind: 'refused', reason: 'ECONNREFUSED' } as const
const silent = { kind: 'silent', reason: 'nothing', lastByteAtMs: null } as const
const closed = (sinceMs: number | null): ObservedNode =>
  node(0, { probe: refused, unreachableSinceMs: sinceMs === null ? null : nowMs - sinceMs })
const quiet = (silentMs: number, overrides: Partial<ObservedNode> = {}): ObservedNode => ({
  ...node(0, { probe: silent, unreachableSinceMs: nowMs - silentMs }),
  ...overrides,
})
const heard = (ordinal: number, lastIoSeconds: number | null): ObservedNode =>
  replica(ordinal, { upstream: { lastIoSeconds } })
const lost = (ordinal: number): ObservedNode => replica(ordinal, { upstream: { link: 'down' } })

test('a master whose container is gone is dead, one that never was is not', () => {
  const gone = 'dead since 0: node 0, the master, has no container any more'
  assert.equal(failure([replica(1)]), gone)
  assert.equal(failure([node(0, { container: { state: 'removing' } })]), gone)
  assert.equal(failure([replica(1)], { memory: memory(null) }), null)
})

test('a master that has ended is dead since then, and how it ended is told', () => {
  assert.equal(
    failure([stopped(0, { exitCode: 3 })]),
    'dead since 100: node 0, the master, has ended with exit code 3',
  )
  const killed = { code: 137, oomKilled: true, atMs: nowMs - 7, error: null }
  assert.equal(
    failure([stopped(0, { container: { exit: killed } })]),
    'dead since 7: node 0, the master, was OOM-killed',
  )
  assert.equal(
    failure([stopped(0, { state: 'created' })]),
    'dead since 0: node 0, the master, has ended with exit code unknown',
  )
})

test('a master that was restarted is no master any more since its start', () => {
  const what = 'node 0, the master, was restarted and is a replica, as every node is at birth'
  assert.equal(
    failure([newborn(0, {}, { container: { startedAtMs: nowMs - 400 } })]),
    `dead since 400: ${what}`,
  )
  assert.equal(failure([newborn(0, {}, { container: { startedAtMs: null } })]), `dead since 0: ${what}`)
})

test('a master that refuses connections is dead when every replica of it has lost it, and there is one', () => {
  const dead = 'node 0, the master, has closed its connections and nothing listens at its address'
  assert.equal(failure([closed(300), lost(1), lost(2)]), `dead since 300: ${dead}`)
  assert.equal(failure([closed(300), lost(1), heard(2, 0)]), null)
  assert.equal(
    failure([closed(300), lost(1), replica(2, { upstream: { host: 'elsewhere' } })]),
    `dead since 300: ${dead}`,
  )
  assert.equal(failure([closed(300), replica(1, { upstream: { host: 'elsewhere', link: 'down' } })]), null)
  assert.equal(failure([closed(300)]), null)
  assert.equal(failure([closed(300), master(1)]), null)
  // Nothing but a refusal says that nothing listens.
  assert.equal(failure([quiet(300), lost(1), lost(2)]), null)
})

test('a master that is silent hangs once its time is over and nobody hears from it', () => {
  const hung = (ms: number): string =>
    `hung since ${ms}: node 0, the master, gives no sign of life for ${Math.round(ms / 1_000)} s, and no replica hears from it`
  assert.equal(failure([quiet(4_999), heard(1, 5)]), null)
  assert.equal(failure([quiet(5_000), heard(1, 5)]), hung(5_000))
  assert.equal(failure([closed(6_000), heard(1, 6)]), hung(6_000))
  assert.equal(failure([quiet(6_000, { unreachableSinceMs: null }), heard(1, 6)]), null)
})

test('a replica hears from the master if it did within the silence, give or take two seconds, or half of it', () => {
  const hangs = (silentMs: number, lastIoSeconds: number | null): boolean =>
    failure([quiet(silentMs), heard(1, lastIoSeconds)], {
      spec: { failover: { ...spec().failover, hangTimeoutMs: 1_000 } },
    }) !== null
  assert.equal(hangs(10_000, 8), true)
  assert.equal(hangs(10_000, 7), false)
  assert.equal(hangs(2_000, 1), true)
  assert.equal(hangs(2_000, 0), false)
  assert.equal(hangs(10_000, null), true)
})

test('where nobody but the master could be asked, or nobody answers, it may be us who are blind', () => {
  const out = node(1, { probe: silent, unreachableSinceMs: nowMs - 60_000 })
  assert.equal(failure([quiet(60_000)]), null)
  assert.equal(failure([quiet(60_000), out]), null)
  assert.equal(failure([quiet(60_000), out, node(2, { probe: { kind: 'busy', reason: 'BUSY' } })]), null)
  assert.notEqual(failure([quiet(60_000), out, heard(2, 60)]), null)
  // A witness without a link to it has not heard from it either.
  assert.notEqual(
    failure([
      quiet(60_000),
      node(2, { probe: { kind: 'answered', facts: redisFacts({ role: 'replica' }) } }),
    ]),
    null,
  )
})

test('a frozen master hangs as well', () => {
  const frozen = node(0, { container: { state: 'paused' }, unreachableSinceMs: nowMs - 6_000 })
  assert.equal(
    failure([frozen, heard(1, 6)]),
    'hung since 6000: node 0, the master, is frozen (docker pause) for 6 s, and no replica hears from it',
  )
})

test('any word of it is life', () => {
  for (const probe of [
    { kind: 'busy', reason: 'BUSY' },
    { kind: 'loading', facts: redisFacts() },
    { kind: 'denied', cause: 'other', reason: 'full' },
  ] as const)
    assert.equal(failure([node(0, { probe, unreachableSinceMs: nowMs - 60_000 }), heard(1, 60)]), null)
  assert.equal(failure([master(0), heard(1, 60)]), null)
})

test('who works on the CPU gets half a minute, or what the manifest says if that is more', () => {
  const budget = (process: ObservedNode['process'], hangTimeoutMs: number): number => {
    const input = planInput({ spec: { failover: { ...spec().failover, hangTimeoutMs } } })
    const seen = { ...node(0), process, container: container(0) }
    return hangBudgetMs(input, {
      ordinal: 0,
      bucket: 'unreachable',
      seen,
      facts: null,
      record: null,
      ofOlderSpec: false,
      divergence: null,
      restartRequested: false,
      outdated: false,
    })
  }
  assert.equal(budget('running', 5_000), 30_000)
  assert.equal(budget('running', 40_000), 40_000)
  assert.equal(budget('sleeping', 5_000), 5_000)
  assert.equal(budget(null, 5_000), 5_000)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { impactOf } from '../../../src/reconciler/plan/impact.js'
import type { Action, Plan } from '../../../src/model/plan.js'
import { operation, request } from '../support/world.js'

/** What people are told that an action takes away from them, in a plan with these beside it. */
function impact(action: Action, ...others: readonly Action[]): string | null {
  const plan: Plan = { flotilla: 'shop', stages: [[action], others], waits: [], refusals: [], failing: [] }
  return impactOf(action, plan)
}

const cause = 'a test'
const name = 'shop-replica-1'
const start: Action = { kind: 'start-container', ordinal: 1, name, cause }
const follow: Action = { kind: 'follow', ordinal: 1, master: 0, reconnect: false, cause }
const begin = (kind: 'failover' | 'creation'): Action => ({
  kind: 'begin-operation',
  operation: operation({ kind }),
  cause,
})

test('a node that is stopped is down, or back in a moment where the plan starts it again', () => {
  for (const kind of ['stop-container', 'kill-container'] as const) {
    const action: Action = { kind, ordinal: 1, name, cause }
    assert.equal(impact(action), 'node 1 is down from then on: its clients are cut')
    assert.equal(impact(action, start), 'restart of node 1: its clients are cut')
    assert.equal(impact(action, { ...start, ordinal: 2 }), 'node 1 is down from then on: its clients are cut')
  }
})

test('a replica that is started copies everything, but in a new flotilla, where there is nothing to copy', () => {
  assert.equal(impact(follow), null)
  assert.equal(impact(follow, start), 'full resync of node 1: as a rule all data is copied from the master')
  assert.equal(impact(follow, start, begin('creation')), null)
  assert.equal(
    impact(follow, start, begin('failover')),
    'full resync of node 1: as a rule all data is copied from the master',
  )
})

test('a master that hands over takes no writes any more', () => {
  const pause = (ordinal: number): Action => ({ kind: 'pause-writes', ordinal, forMs: 2_000, cause })
  assert.equal(impact(follow, pause(1)), 'node 1 takes no writes any more')
  assert.equal(impact(follow, pause(0)), null)
})

test('whose connections break, whose writes wait and what is lost is said', () => {
  const ordinal = 1
  const displayName = 'redis-old'
  const told: readonly (readonly [Action, string])[] = [
    [{ kind: 'reattach-network', ordinal, name, cause }, 'new address for node 1: its connections break'],
    [
      { kind: 'disconnect-network', ordinal, name, network: 'web', cause },
      'clients of node 1 on the network web are cut',
    ],
    [
      { kind: 'pause-writes', source: displayName, forMs: 2_000, cause },
      'write pause: 2000 ms at most, some 10 ms as a rule',
    ],
    [
      { kind: 'pause-writes', ordinal, forMs: 1_000, cause },
      'write pause: 1000 ms at most, some 10 ms as a rule',
    ],
    [
      { kind: 'disconnect-clients', ordinal, cause },
      'the clients of node 1 are cut, and find the new master by its name',
    ],
    [
      { kind: 'set-port', ordinal, port: 'plain', open: false, cause },
      "clients of node 1 that came by its plain port are cut, and can't come back by it",
    ],
    [
      { kind: 'fence-source', source: displayName, cause },
      "clients of redis-old can read there, and write through the master's name from then on",
    ],
    [{ kind: 'disconnect-clients', source: displayName, cause }, 'the clients of redis-old are cut'],
    [{ kind: 'remove-volume', ordinal, volume: 'shop-1', cause }, 'the data of node 1 is gone for good'],
    [begin('failover'), 'writes the old master alone had are lost'],
    [
      { kind: 'retire-passwords', users: ['default', 'app'], departed: [], cause },
      'who logs in with the former password of default, app is refused',
    ],
  ]
  for (const [action, expected] of told) assert.equal(impact(action), expected, action.kind)
})

test('what nobody notices is not said', () => {
  const ordinal = 1
  const displayName = 'redis-old'
  const quiet: readonly Action[] = [
    begin('creation'),
    start,
    { kind: 'set-port', ordinal, port: 'plain', open: true, cause },
    { kind: 'retire-passwords', users: [], departed: ['app'], cause },
    ...(
      [
        { kind: 'pull-image', image: 'redis:8' },
        { kind: 'probe-image', image: 'redis:8', options: {} },
        { kind: 'remove-leftover', containerId: 'c', name: 'shop-trial' },
        { kind: 'create-network', network: 'shop', subnet: null },
        { kind: 'create-volume', ordinal, volume: 'shop-1' },
        { kind: 'create-container', ordinal, name, volume: 'shop-1' },
        { kind: 'remove-container', ordinal, name },
        { kind: 'rename-container', ordinal, name, to: 'shop-master' },
        { kind: 'connect-network', ordinal, name, network: 'web' },
        { kind: 'follow-source', ordinal, upstream: { host: displayName, port: 6379 }, source: displayName },
        { kind: 'catch-up', ordinal, source: displayName, withinMs: 500 },
        { kind: 'unfence-source', source: displayName },
        { kind: 'resume-writes', source: displayName },
        { kind: 'restore-login', ordinal },
        { kind: 'catch-up', ordinal, master: 0, withinMs: 500 },
        { kind: 'resume-writes', ordinal },
        { kind: 'archive-data', ordinal, volume: 'shop-1', folder: 'epoch-1' },
        { kind: 'promote', ordinal },
        { kind: 'apply-config', ordinal, options: {} },
        { kind: 'write-config', ordinal, name },
        { kind: 'load-certificate', ordinal },
        { kind: 'apply-users', ordinal, name },
        { kind: 'activate-passwords', users: ['app'] },
      ] as const
    ).map((body): Action => ({ ...body, cause })),
    {
      ...{ kind: 'end-operation', operation: operation(), result: 'done', cause },
      ...{ offsetGapBytes: null, detail: null, lostKeys: 0 },
    },
    {
      kind: 'complete-request',
      request: request(),
      result: 'refused',
      detail: '',
      divergent: [],
      cause,
    },
    { kind: 'remove-network', network: 'shop', cause },
  ]
  for (const action of quiet) assert.equal(impact(action), null, action.kind)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masterName, replicaName } from '../../../src/model/names.js'
import { threeNodeWorlds } from '../support/all-worlds.js'
import { problemOf } from '../support/end-state.js'
import { nodeStates, type NodeStateName } from '../support/node-states.js'
import { namesFor, settings, tuples, type Setting } from '../support/settings.js'

/**
 * Every small world, as good as: nodes in every state beside each other, with and without a record, an
 * operation under way, names mixed up, the spec changed. From each of them the planner has to come to rest,
 * in a place that can be justified, without once doing what can't be taken back.
 */
const allStates = Object.keys(nodeStates).filter(
  state => state !== 'ended, with an old snapshot',
) as NodeStateName[]

/** A slice is some 500 worlds of three nodes. */
const every = 1_171

test('two nodes in any states come to rest as wanted, or say what stands in the way', () => {
  examine(
    settings({
      states: tuples(allStates, 2),
      names: [namesFor(2, 0), namesFor(2, 1)],
      record: [null, 0, 1],
      recordedKeys: [10],
      operation: [null, { kind: 'restart', to: 0 }, { kind: 'creation', to: 1 }],
      replicas: [0, 1, 2],
      persistence: ['aof'],
    }),
  )
})

test('a record that is older than the data, or memory that persists nothing, changes nothing about that', () => {
  examine(
    settings({
      states: tuples(allStates, 2),
      names: [namesFor(2, 0)],
      record: [0],
      recordedKeys: [0, 10],
      operation: [null],
      replicas: [1],
      persistence: ['aof', 'none'],
      witnessed: [false, true],
    }),
  )
})

test('a snapshot that is older than what another node holds never rolls that node back', () => {
  examine(
    settings({
      states: tuples([...allStates, 'ended, with an old snapshot'], 2),
      names: [namesFor(2, 0), namesFor(2, null)],
      record: [null, 0],
      recordedKeys: [10],
      operation: [null, { kind: 'restart', to: 0 }],
      replicas: [1],
      persistence: ['rdb'],
    }),
  )
})

test('three nodes in the states that matter most come to rest as wanted, or say what stands in the way', () => {
  examine(
    settings({
      states: tuples(
        [
          'removed, data kept',
          'ended, empty',
          'ended, with data',
          'starting, empty',
          'paused',
          'master, with data',
          'master by hand, no write of its own',
          'replica of the link name, with data',
          'replica of 0',
        ],
        3,
      ),
      names: [namesFor(3, 0), namesFor(3, 2)],
      record: [null, 0, 2],
      recordedKeys: [10],
      operation: [null, { kind: 'restart', to: 1 }],
      replicas: [1, 2],
      persistence: ['aof'],
      witnessed: [false, true],
    }),
  )
})

test('three nodes in any states at all do so too: another slice of all worlds each time', t => {
  const from = Date.now() % every
  t.diagnostic(`the slice again: npm run small-worlds -- --every ${every} --from ${from}`)
  examine(threeNodeWorlds({ every, from }))
})

test('names mixed up in any way among three nodes are fix', () => {
  const possible = [
    masterName('shop'),
    ...[0, 1, 2].map(ordinal => replicaName('shop', ordinal)),
    'odd',
    'even',
  ]
  examine(
    settings({
      states: [
        ['master, with data', 'replica of 0', 'replica of 0'],
        ['master, with data', 'ended, with data', 'removed, data kept'],
        ['ended, with data', 'ended, with data', 'replica of 0, of an older spec'],
        ['removed, data kept', 'ended, with data', 'replica of 0'],
      ],
      names: tuples(possible, 3).filter(names => new Set(names).size === names.length),
      record: [0, null],
      recordedKeys: [10],
      operation: [null, { kind: 'restart', to: 0 }],
      replicas: [0, 1, 2, 3],
      persistence: ['aof'],
    }),
  )
})

/** Drives every one of them, and tells of the first few that end badly how it came to that. */
function examine(all: Iterable<Setting>): void {
  const bad = [...all].flatMap(template => problemOf(template) ?? [])
  assert.equal(bad.length, 0, `${bad.length} worlds end badly, such as:\n${bad.slice(0, 3).join('\n\n')}`)
}

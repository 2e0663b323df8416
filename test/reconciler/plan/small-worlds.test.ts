import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masterName, nodeAlias, replicaName } from '../../../src/reconciler/names.js'
import { drive, type End } from '../support/drive.js'
import { nodeStates, type NodeStateName } from '../support/node-states.js'
import { build, namesFor, settings, tuples, type Setting } from '../support/settings.js'
import type { World } from '../support/small-world.js'

/**
 * Every small world, as good as: nodes in every state beside each other, with and without a record, an operation under way, names mixed up, the spec changed.
 * From each of them the planner has to come to rest, in a place that can be justified, without once doing what can't be taken back.
 */
const allStates = Object.keys(nodeStates).filter(
  state => state !== 'ended, with an old snapshot',
) as NodeStateName[]

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

test('names mixed up in any way among three nodes are put right', () => {
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
  const bad: string[] = []
  for (const setting of all) {
    const world = build(setting)
    const before = structuredClone(world)
    const told: string[] = []
    const problem = problemWith(setting, { before, after: world, end: drive(world, told) })
    if (problem !== null) bad.push([problem, JSON.stringify(setting), ...told].join('\n'))
  }
  assert.equal(bad.length, 0, `${bad.length} worlds end badly, such as:\n${bad.slice(0, 3).join('\n\n')}`)
}

/** What is wrong with how this world ended; null when it is right. */
function problemWith(
  setting: Setting,
  course: { readonly before: World; readonly after: World; readonly end: End },
): string | null {
  const { before, after, end } = course
  const lost = whatWasLost(setting, before, after)
  if (lost !== null) return lost
  switch (end.kind) {
    case 'wrong':
      return end.problem
    case 'settled':
      return whyNotAsWanted(after)
    case 'refuses': {
      const unjust = end.plan.refusals.find(({ code }) => !mayRefuse(setting, code))
      return unjust === undefined ? null : `refuses without need: ${unjust.code}: ${unjust.why}`
    }
    case 'waits':
      return setting.states.some(state => mayWaitFor.has(state)) || hasUsurper(setting)
        ? null
        : `waits for nothing that could come: ${end.plan.waits.map(wait => wait.what).join('; ')}`
  }
}

const mayWaitFor: ReadonlySet<NodeStateName> = new Set(['paused', 'frozen', 'frozen, a master', 'locked out'])

/** Somebody renamed a container that is master by hand: to start another one would hand it that one's data. */
function hasUsurper({ states, names }: Setting): boolean {
  return states.some((state, ordinal) => names[ordinal] === masterName('shop') && state.startsWith('master'))
}

function mayRefuse(setting: Setting, code: string): boolean {
  const { states, record, operation } = setting
  const rightful = operation?.to ?? record
  switch (code) {
    case 'DataLossGuard':
      return rightful !== null
    case 'StrayMaster':
      return states.some((state, ordinal) => state.startsWith('master') && ordinal !== rightful)
    case 'NoSafeCandidate':
      // Besides: the master is out of action, may not be started or does not come back, and nobody was seen in sync with it.
      return rightful === null || mayWaitFor.has(states[rightful] ?? 'never made') || hasUsurper(setting)
    case 'RolloutBlocked':
      return (
        states.some(state => state.endsWith('of an older spec')) &&
        states.some(state => state === 'paused' || state === 'locked out')
      )
    case 'LockedOut':
      return states.includes('locked out')
    default:
      return false
  }
}

function whyNotAsWanted(world: World): string | null {
  const masters = world.boxes.filter(box => box.redis?.host === null)
  const [master] = masters
  if (master === undefined || masters.length > 1) return `settled with ${masters.length} masters`
  if (world.boxes.length !== world.spec.replicas + 1) return `settled with ${world.boxes.length} nodes`
  if (world.memory.master?.ordinal !== master.ordinal) return 'settled with another master than the recorded'
  if (world.memory.operation !== null) return 'settled in the middle of an operation'
  const misnamed = world.boxes.find(
    box => box.name !== (box === master ? masterName('shop') : replicaName('shop', box.ordinal)),
  )
  if (misnamed !== undefined) return `settled with node ${misnamed.ordinal} called ${misnamed.name}`
  const astray = world.boxes.find(
    box => box !== master && box.redis?.host !== nodeAlias('shop', master.ordinal),
  )
  return astray === undefined ? null : `settled with node ${astray.ordinal} following ${astray.redis?.host}`
}

/** Ten keys are what the record speaks of, twelve are those and somebody's own writes: neither goes as long as no person says so. */
function whatWasLost(setting: Setting, before: World, after: World): string | null {
  if (has(before, 12) && !has(after, 12)) return 'the last copy of the twelve keys is gone'
  if (!has(before, 10) || has(after, 10) || has(after, 12)) return null
  const rightful = setting.operation?.to ?? setting.record
  // What was lost before Flotilla looked is not on it: a master that a person emptied, and a rightful one that came back with other data. A creation
  // begins where no volume is, so one with a volume full of data can't be. Without a record one of two histories has to be chosen.
  const excused =
    setting.persistence === 'none' ||
    setting.operation?.kind === 'creation' ||
    setting.states.some(state => state === 'master, empty') ||
    (rightful === null ? has(after, 7) : setting.states[rightful]?.endsWith('other data') === true)
  return excused ? null : 'the last copy of the ten keys is gone'
}

function has(world: World, keys: number): boolean {
  return (
    world.boxes.some(box => box.redis?.keys === keys) ||
    Object.values(world.volumes).some(volume => volume.keys === keys) ||
    world.setAside.some(({ data }) => data.keys === keys)
  )
}

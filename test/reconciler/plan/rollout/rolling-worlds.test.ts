import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive, type End } from '../../support/drive.js'
import type { NodeStateName } from '../../support/node-states.js'
import { build, namesFor, settings, tuples, type Setting } from '../../support/settings.js'
import { perform, syncedReplicas, type World } from '../../support/small-world.js'
import { currentHash } from '../../support/world.js'

/**
 * Rolls in small worlds: a flotilla that was caught at any point of one, with as many replicas as its
 * manifest asks for, fewer or more. Each ends with every node up to date; or, where no node can live with the
 * new spec, with just one of them lost to it.
 */
const older: readonly NodeStateName[] = [
  'replica of 0, of an older spec',
  'ended, of an older spec',
  'removed, data kept',
  'replica of 0',
]
const masters: readonly NodeStateName[] = ['master, of an older spec', 'master, with data']

const worlds = (counts: readonly number[]): readonly (readonly NodeStateName[])[] =>
  counts.flatMap(count =>
    masters.flatMap(master => tuples(older, count).map(replicas => [master, ...replicas])),
  )

function* rolls(): Generator<Setting> {
  for (const states of worlds([0, 1, 2, 3]))
    yield* settings({
      states: [states],
      names: [namesFor(states.length, 0)],
      record: [0],
      recordedKeys: [10],
      operation: [null],
      replicas: [0, 1, 2, 3],
      persistence: ['aof', 'rdb'],
      witnessed: [true],
    })
}

test('a roll that was begun anywhere ends with every node up to date, and no copy lost on the way', () => {
  examine(rolls(), (template, world, end) => {
    if (end.kind !== 'settled') return `it ${end.kind}`
    if (world.boxes.length !== template.replicas + 1) return `settled with ${world.boxes.length} nodes`
    const left = world.boxes.filter(box => box.hash !== currentHash)
    return left.length === 0 ? null : `node ${left.map(box => box.ordinal).join(', ')} is of an older spec`
  })
})

test('a spec that no node can live with costs one replica at most, and putting it right brings that one back', () => {
  examine(wellOnes(), (template, world, end) => {
    if (end.kind !== 'refuses') return `it ${end.kind}`
    const codes = end.plan.refusals.map(refusal => refusal.code)
    if (!codes.includes('RolloutBlocked')) return `refuses ${codes.join(', ')}`
    const lost = world.boxes.filter(box => box.redis === null)
    if (lost.length > 1) return `${lost.length} nodes are down`
    if (syncedReplicas(world) < Math.min(1, template.replicas)) return 'the master has no copy left'
    putRight(world)
    const again = drive(world)
    if (again.kind !== 'settled') return `it ${again.kind} when the manifest is fixed`
    return world.boxes.length === template.replicas + 1 && world.boxes.every(box => box.hash === currentHash)
      ? null
      : 'not every node is as the manifest asks when it is fixed'
  })
})

/** All of an older spec, in sync, as many as were asked for. */
function* wellOnes(): Generator<Setting> {
  for (const replicas of [0, 1, 2, 3]) {
    const states: readonly NodeStateName[] = [
      'master, of an older spec',
      ...Array.from({ length: replicas }, () => 'replica of 0, of an older spec' as const),
    ]
    yield* settings({
      states: [states],
      names: [namesFor(states.length, 0)],
      record: [0],
      recordedKeys: [10],
      operation: [null],
      replicas: [replicas],
      persistence: ['aof', 'rdb'],
      witnessed: [true],
      newSpecDies: [true],
    })
  }
}

/** The old spec is in force again. */
function putRight(world: World): void {
  for (const box of world.boxes) box.hash = box.hash === currentHash ? 'hash-that-was-bad' : currentHash
  world.newSpecDies = false
}

/** Copies that the manifest asks for and that are there must stay while nodes are stopped on purpose. */
function watchful(template: Setting, problems: string[]): typeof perform {
  return (world, action) => {
    const before = syncedReplicas(world)
    perform(world, action)
    const needed = Math.min(template.replicas, 1)
    if (action.kind !== 'stop-container' && action.kind !== 'remove-container') return
    if (before >= needed && syncedReplicas(world) < needed)
      problems.push(`${action.kind} of node ${action.ordinal} leaves ${syncedReplicas(world)} synced copies`)
  }
}

function examine(
  all: Iterable<Setting>,
  whyWrong: (template: Setting, world: World, end: End) => string | null,
): void {
  const bad: string[] = []
  let count = 0
  for (const template of all) {
    count += 1
    const world = build(template)
    const told: string[] = []
    const problems: string[] = []
    const end = drive(world, told, watchful(template, problems))
    const problem =
      problems[0] ?? (end.kind === 'wrong' ? end.problem : null) ?? whyWrong(template, world, end)
    if (problem !== null) bad.push([problem, JSON.stringify(template), ...told].join('\n'))
  }
  assert.equal(
    bad.length,
    0,
    `${bad.length} of ${count} end badly, such as:\n${bad.slice(0, 3).join('\n\n')}`,
  )
}

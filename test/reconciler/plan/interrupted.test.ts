import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaMemory } from '../../../src/model/record.js'
import { needsIn } from '../../../src/reconciler/plan/dependencies.js'
import { violationsOf } from '../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, Plan } from '../../../src/model/plan.js'
import { isSettled } from '../../../src/reconciler/plan/render-plan.js'
import { attempt, drive, see, type End } from '../support/drive.js'
import { nodeStates, type NodeStateName } from '../support/node-states.js'
import { build, namesFor, settings, tuples, type Choices, type Setting } from '../support/settings.js'
import { advanceTime, type World } from '../support/small-world.js'
import { renderAction } from '../../../src/reconciler/plan/render-plan.js'
import { request } from '../support/world.js'

/**
 * Whatever Flotilla was doing when it died, it ends in the same place when it comes back. What it knew is
 * gone then but for what was on disk: the memory as it was before the look, or as the last record of the plan
 * left it.
 */
const allStates = Object.keys(nodeStates).filter(
  // Snapshots are for persistence that has them; and what an empty master that a person made comes to is a
  // matter of time, with and without us.
  state => state !== 'ended, with an old snapshot' && state !== 'master, empty',
) as NodeStateName[]
const replicaStates: readonly NodeStateName[] = [
  'removed, data kept',
  'ended, with data',
  'master by hand, no write of its own',
  'replica of 0',
]
const common = { recordedKeys: [10], operation: [null], persistence: ['aof'] } as const

const title = 'every prefix of every plan, Flotilla dies, plans again: it ends in the same topology'

test(`${title} (one or two nodes, each in every state)`, () => {
  interrupt({
    ...common,
    states: tuples(allStates, 1),
    names: [namesFor(1, 0)],
    record: [null, 0],
    replicas: [0, 1],
  })
  interrupt({
    ...common,
    states: tuples(allStates, 2),
    names: [namesFor(2, 0)],
    record: [null, 0],
    replicas: [0, 1],
    witnessed: [true],
  })
})

test(`${title} (three nodes, a failover among them)`, () => {
  interrupt({
    ...common,
    states: allStates.flatMap(first => tuples(replicaStates, 2).map(rest => [first, ...rest])),
    names: [namesFor(3, 0)],
    record: [0],
    replicas: [2],
    witnessed: [true],
  })
})

test(`${title} (three nodes, and a person asks for something)`, () => {
  interrupt({
    ...common,
    states: [
      ['master, with data', 'replica of 0', 'replica of 0'],
      ['master, with data', 'replica of 0', 'ended, with data'],
      ['ended, with data', 'replica of 0', 'replica of 0'],
      ['frozen, a master', 'replica of 0', 'replica of 0'],
      ['replica of the link name, empty', 'replica of 0', 'ended, with data'],
    ],
    names: [namesFor(3, 0)],
    record: [0],
    replicas: [2],
    witnessed: [true],
    request: [
      request({ kind: 'switchover' }),
      request({ kind: 'switchover', to: 1 }),
      request(),
      request({ to: 1, force: true }),
      request({ to: 0, force: true }),
    ],
  })
})

test(`${title} (a person says which of two masters is right)`, () => {
  interrupt({
    ...common,
    states: [['master, with data', 'replica of 0', 'master by hand, with writes']],
    names: [namesFor(3, 0)],
    record: [0],
    replicas: [2],
    request: [request({ to: 0, force: true })],
  })
})

test(`${title} (a roll of one to three nodes, with one more meanwhile where it needs one)`, () => {
  for (const replicas of [0, 1, 2])
    interrupt({
      ...common,
      states: [
        [
          'master, of an older spec',
          ...Array.from({ length: replicas }, () => 'replica of 0, of an older spec' as const),
        ],
      ],
      names: [namesFor(replicas + 1, 0)],
      record: [0],
      replicas: [replicas],
      persistence: ['aof', 'rdb'],
      witnessed: [true],
    })
})

/**
 * What may have been done when Flotilla dies: all up to any one action; of a promotion with what is done
 * beside it, any part; and where one action has failed, all but what needs it.
 */
function cutsOf(plan: Plan): readonly (readonly Action[])[] {
  const { stages } = plan
  const prefixes = stages.flat().map((_, count) => stages.flat().slice(0, count))
  const parts = stages.flatMap((stage, index) =>
    stage.length > 1 && stage.some(action => action.kind === 'promote')
      ? subsetsOf(stage).map(done => [...stages.slice(0, index).flat(), ...done])
      : [],
  )
  const contained = stages.flat().map(failed => allBut(plan, failed))
  return distinct([...prefixes, ...parts, ...contained])
}

function distinct(cuts: readonly (readonly Action[])[]): readonly (readonly Action[])[] {
  return [...new Map(cuts.map(cut => [cut.map(renderAction).join(), cut])).values()]
}

/** What the executor does when this one fails. */
function allBut(plan: Plan, failed: Action): readonly Action[] {
  const needs = needsIn(plan)
  const notDone: Action[] = []
  for (const stage of plan.stages) {
    const earlier = [...notDone]
    notDone.push(...stage.filter(action => action === failed || earlier.some(first => needs(action, first))))
  }
  return plan.stages.flat().filter(action => !notDone.includes(action))
}

function subsetsOf<T>([first, ...rest]: readonly T[]): readonly (readonly T[])[] {
  if (first === undefined) return [[]]
  const others = subsetsOf(rest)
  return [...others, ...others.map(subset => [first, ...subset])]
}

/** More passes than the longest road to rest takes: it is cut all along it. */
const passesMax = 20

/** Cuts every plan on the way to rest after every one of its actions. */
function interrupt(choices: Choices): void {
  const bad: string[] = []
  let cuts = 0
  for (const template of settings(choices)) {
    const whole = build(template)
    const cut = structuredClone(whole)
    const end = drive(whole)
    // Where it is not settled without a cut there is nothing to compare with; small-worlds.test.ts looks at
    // that.
    const wanted = end.kind === 'settled' ? [topology(whole), ...withoutBeingAsked(template)] : []
    for (let pass = 0; pass < passesMax; pass++) {
      const saved = structuredClone(cut)
      const input = see(saved)
      const plan = planFlotilla(input)
      if (violationsOf(plan, input).length > 0) break
      if (isSettled(plan) || plan.stages.length === 0) break
      const actions = plan.stages.flat()
      for (const done of cutsOf(plan)) {
        cuts += 1
        const problem = die(structuredClone(cut), { actions: done, whole, end, wanted })
        if (problem !== null)
          bad.push(
            `${JSON.stringify(template)}\npass ${pass + 1}, only these of its ${actions.length} actions:\n  ${done.map(renderAction).join('\n  ')}\n${problem}`,
          )
      }
      // The pass as it would have gone on.
      see(cut)
      if (actions.some(action => attempt(cut, action).length > 0)) break
      advanceTime(cut, 50)
    }
  }
  assert.equal(bad.length, 0, `${bad.length} of ${cuts} end badly, such as:\n${bad.slice(0, 3).join('\n\n')}`)
  assert.ok(cuts > 0)
}

/**
 * A switchover that was cut short while the old master still was active is aborted: nothing has changed then.
 */
function withoutBeingAsked(template: Setting): readonly string[] {
  if (template.request?.kind !== 'switchover') return []
  const world = build({ ...template, request: null })
  drive(world)
  return [topology(world)]
}

/**
 * Acts so far, forgets what was not written down, and comes back. @returns what is wrong with where that
 * ends; null when it is right.
 */
function die(
  world: World,
  course: {
    readonly actions: readonly Action[]
    readonly whole: World
    readonly end: End
    /** Each of these is right; none: any is. */
    readonly wanted: readonly string[]
  },
): string | null {
  const { actions, whole, end, wanted } = course
  let durable: FlotillaMemory = world.memory
  const told: string[] = []
  try {
    see(world)
    for (const action of actions) {
      if (attempt(world, action).length > 0) break
      if (isRecord(action)) durable = world.memory
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  world.memory = durable
  advanceTime(world, 1_000)
  const again = drive(world, told)
  const story = (what: string): string => [what, ...told].join('\n')
  if (again.kind === 'wrong') return story(again.problem)
  if (isLost(whole, world)) return story('the last copy of the data is gone')
  if (end.kind === 'settled' && again.kind !== 'settled')
    return story(`it ${again.kind} instead of coming to rest`)
  if (wanted.length > 0 && !wanted.includes(topology(world)))
    return story(`${topology(world)}, not ${wanted.join(' or ')}`)
  return null
}

function isRecord({ kind }: Action): boolean {
  return (
    kind === 'begin-operation' ||
    kind === 'end-operation' ||
    kind === 'complete-request' ||
    kind === 'archive-data'
  )
}

/** Who is active, who follows and under which names. */
function topology(world: World): string {
  return [...world.boxes]
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(({ name, state, redis }) => `${name} ${state} ${redis === null ? '-' : (redis.host ?? 'is active')}`)
    .join(', ')
}

/**
 * What is kept without a cut is kept with one. Ten keys are what the record speaks of, twelve are those and
 * somebody's own writes.
 */
function isLost(whole: World, cut: World): boolean {
  return [12, 10].some(keys => holds(whole, keys) && !holds(cut, keys) && !holds(cut, 12))
}

function holds(world: World, keys: number): boolean {
  return (
    world.boxes.some(box => box.redis?.keys === keys) ||
    Object.values(world.volumes).some(volume => volume.keys === keys) ||
    world.setAside.some(({ data }) => data.keys === keys)
  )
}

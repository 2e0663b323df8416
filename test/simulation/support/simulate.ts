import type { Mind } from '../../../src/reconciler/mind.js'
import { holdsAllOf } from '../../../src/redis/fake/dataset.js'
import { obey } from './operator.js'
import type { Violation } from './rules.js'
import type { Scenario } from './scenario.js'
import { SimRun } from './sim-run.js'

/** What became of one scenario. */
export interface Outcome {
  readonly violation: Violation | null
  /** Things that happened one after the other; every rule was looked at after each. */
  readonly steps: number
  readonly simulatedMs: number
  /** Changes that Flotilla made. */
  readonly calls: number
  readonly acknowledged: number
  /** Acknowledged writes that the master does not have at the end. */
  readonly lost: number
  /** Holds that a person had to resolve, by code. */
  readonly holds: readonly string[]
  readonly trace: readonly string[]
}

export interface SimulateOptions {
  readonly mind?: Mind
  readonly traced?: boolean
  /** A run that is longer doesn't come to rest. */
  readonly stepsMax?: number
}

/** From nothing to a flotilla that is ready; then what it has once everything that befell it is healed must be ready again, or say what a person is to type. */
export async function simulate(
  scenario: Scenario,
  { mind, traced = false, stepsMax = 200_000 }: SimulateOptions = {},
): Promise<Outcome> {
  const run = new SimRun(scenario, { ...(mind === undefined ? {} : { mind }), traced })
  const { rules, world } = run
  const { clock } = world
  const holds: string[] = []
  let steps = 0

  async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const endMs = clock.monotonicMs() + withinMs
    while (rules.violation === null && steps < stepsMax) {
      if (condition()) return true
      const nextAtMs = clock.nextAtMs
      if (nextAtMs === null || nextAtMs > endMs) return false
      clock.fire()
      await endOfTurn()
      steps += 1
      rules.check()
    }
    return false
  }

  run.start()
  const isReady = (): boolean => run.keeper.status?.phase === 'Ready'
  if (!(await until(isReady, 60_000)))
    rules.break('it comes to rest', 'a new flotilla was not ready within a minute')
  let befallen = false
  run.beginFaults(() => {
    befallen = true
  })
  await until(() => befallen, 600_000)
  const pauseMs = world.random.spread(1, 4_000)
  await until(() => false, pauseMs)
  run.tell('everything is healed')
  run.heal()
  await rest()
  run.stopWriters()
  await until(() => false, 2_500)
  if (rules.violation === null) judgeRest()

  const [master] = [...world.redis.processes].filter(({ upstream }) => upstream === null)
  const lost = rules.acknowledged.filter(
    write => master === undefined || !holdsAllOf(master.data, write.data),
  )
  const promised = lost.filter(({ waitFor }) => waitFor > 0)
  if (isPromised(scenario) && !rules.forced && promised.length > 0)
    rules.break(
      'acknowledged by a replica survives one fault',
      `${promised.length} writes, such as ${promised[0]?.key}, which a replica had acknowledged, are not with the master`,
    )
  return {
    violation: rules.violation,
    steps,
    simulatedMs: Math.round(clock.monotonicMs()),
    calls: run.calls,
    acknowledged: rules.acknowledged.length,
    lost: lost.length,
    holds,
    trace: run.trace,
  }

  /** Ready for some seconds on end, with the help of a person where Flotilla asks for it. */
  async function rest(): Promise<void> {
    for (let round = 0; round < roundsMax && rules.violation === null; round++) {
      let readySinceMs: number | null = null
      let heldSinceMs: number | null = null
      const isOver = (): boolean => {
        const nowMs = clock.monotonicMs()
        const status = run.keeper.status
        readySinceMs = status?.phase === 'Ready' ? (readySinceMs ?? nowMs) : null
        const asks = status !== null && status.refusing.length > 0 && status.doing.length === 0
        heldSinceMs = asks ? (heldSinceMs ?? nowMs) : null
        return (
          (readySinceMs !== null && nowMs - readySinceMs > readyForMs) ||
          (heldSinceMs !== null && nowMs - heldSinceMs > heldForMs)
        )
      }
      if (!(await until(isOver, restWithinMs))) break
      const { status } = run.keeper
      if (status === null || status.phase === 'Ready') return
      const codes = status.refusing.map(({ code }) => code)
      holds.push(...codes)
      if (obey(run, status) === null) break
    }
    if (rules.violation === null) {
      const { status } = run.keeper
      const told = status === null ? 'nothing' : `${status.phase}: ${status.reason}`
      rules.break(
        'it comes to rest',
        `everything is healed, and after ${restWithinMs / 1_000} s it says ${told}`,
      )
    }
  }

  function judgeRest(): void {
    if (run.keeper.status?.phase !== 'Ready') return
    const why = rules.whyNotAsWanted(run.spec.replicas)
    if (why !== null) rules.break('settled is as wanted', `it says that it is ready, and ${why}`)
  }
}

const readyForMs = 6_000
const heldForMs = 30_000
const restWithinMs = 400_000
const roundsMax = 5

/** All that has been promised to somebody is kept, or has its next step ahead of it, when this resolves. */
function endOfTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** One fault, of those that one node or Flotilla can suffer, to a flotilla in which it was sure whom WAIT asked. */
function isPromised({ faults }: Scenario): boolean {
  return faults.length === 1
}

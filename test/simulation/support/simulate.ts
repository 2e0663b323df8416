import { holdsAllOf } from '../../fakes/redis/dataset.js'
import { isHoldExpected } from './expected-holds.js'
import { needsOperator, resolveHold } from './operator.js'
import type { Violation } from './rules.js'
import type { FaultKind, Scenario } from './scenario.js'
import { SimRun, type RunOptions } from './sim-run.js'

/** What became of one scenario. */
export interface SimOutcome {
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

export interface SimulateOptions extends RunOptions {
  /** A run that is longer doesn't come to rest. */
  readonly stepsMax?: number
}

/**
 * From nothing to a flotilla that is ready; then what it has once everything that befell it is healed must be
 * ready again, or say what a person is to type.
 */
export async function simulate(
  scenario: Scenario,
  { stepsMax = 200_000, ...options }: SimulateOptions = {},
): Promise<SimOutcome> {
  const run = new SimRun(scenario, options)
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
  const isReady = (): boolean => run.daemon.status?.phase === 'Ready'
  if (!(await until(isReady, 60_000)))
    rules.break('it comes to rest', 'a new flotilla was not ready within a minute')
  let injected = false
  run.startFaults(() => {
    injected = true
  })
  await until(() => injected, 600_000)
  await until(() => false, scenario.healAfterMs)
  if (isContained(scenario) && run.troubled.length === 1) {
    const reason = rules.whyNotConverged(run.spec.replicas, run.troubled)
    if (reason !== null)
      rules.break('one node’s trouble is its own', `node ${run.troubled[0]} has trouble, and ${reason}`)
  }
  if (run.daemon.status?.phase === 'Hibernated' && run.spec.hibernate === true) {
    const left = world.containers.length
    if (left > 0)
      rules.break('settled is as wanted', `it says that it is hibernated, and ${left} containers are left`)
  }
  run.log('everything is healed')
  run.heal()
  await rest()
  run.stopWriters()
  await until(() => false, 2_500)
  if (rules.violation === null) checkSettled()

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
      let trueSinceMs: number | null = null
      let heldSinceMs: number | null = null
      const isOver = (): boolean => {
        const nowMs = clock.monotonicMs()
        const status = run.daemon.status
        const saysReady = status?.phase === 'Ready'
        readySinceMs = saysReady ? (readySinceMs ?? nowMs) : null
        trueSinceMs =
          saysReady && rules.whyNotConverged(run.spec.replicas) === null ? (trueSinceMs ?? nowMs) : null
        const asks = status !== null && needsOperator(status)
        heldSinceMs = asks ? (heldSinceMs ?? nowMs) : null
        return (
          (trueSinceMs !== null && nowMs - trueSinceMs > readyForMs) ||
          (readySinceMs !== null && nowMs - readySinceMs > doubtForMs) ||
          (heldSinceMs !== null && nowMs - heldSinceMs > heldForMs)
        )
      }
      if (!(await until(isOver, restWithinMs))) break
      const { status } = run.daemon
      if (status === null || status.phase === 'Ready') return
      const codes = status.refusing.map(({ code }) => code)
      holds.push(...codes)
      const idle = codes.find(code => !isHoldExpected(code, scenario))
      if (idle !== undefined) rules.break('it comes to rest', `it holds without a cause: ${status.reason}`)
      if (resolveHold(run, status) === null) break
    }
    if (rules.violation === null) {
      const { status } = run.daemon
      const told = status === null ? 'nothing' : `${status.phase}: ${status.reason}`
      rules.break(
        'it comes to rest',
        `everything is healed, and after ${restWithinMs / 1_000} s it says ${told}`,
      )
    }
  }

  function checkSettled(): void {
    if (run.daemon.status?.phase !== 'Ready') return
    const reason = rules.whyNotConverged(run.spec.replicas)
    if (reason !== null) rules.break('settled is as wanted', `it says that it is ready, and ${reason}`)
  }
}

const readyForMs = 6_000
/** It may take so long until a connection that is dead on the way is found out. */
const doubtForMs = 20_000
const heldForMs = 30_000
const restWithinMs = 400_000
const roundsMax = 5

/** All that has been promised to somebody is kept, or has its next step ahead of it, when this resolves. */
function endOfTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/**
 * What WAIT 1 promises: a write that a replica has acknowledged outlives the end, the hang or the loss of any
 * one node. It is a promise of memories, so whatever takes all of them at once is no part of it, nor what
 * people do to data; slowness, blindness, edits and switchovers are.
 */
function isPromised({ faults, spec }: Scenario): boolean {
  const nodeFaults = faults.filter(({ kind }) => singleNodeFaults.has(kind))
  const isUndisturbed = faults.every(
    fault =>
      !beyondWaitPromise.has(fault.kind) &&
      !(fault.kind === 'edit' && fault.change.replicas !== undefined) &&
      !(fault.kind === 'ask-failover'),
  )
  return spec.replicas > 0 && nodeFaults.length <= 1 && isUndisturbed
}

/**
 * Only what a flotilla with one node less gets over within this time: the end of that node, and of one other.
 */
function isContained({ faults, healAfterMs, spec }: Scenario): boolean {
  const troubles = faults.filter(fault => fault.kind === 'node-trouble')
  const others = faults.filter(fault => fault.kind !== 'node-trouble')
  const ends = others.flatMap(fault =>
    fault.kind === 'kill' ||
    fault.kind === 'remove' ||
    fault.kind === 'leave-dead' ||
    fault.kind === 'leave-unusable'
      ? [fault.node]
      : [],
  )
  return (
    spec.replicas > 1 &&
    healAfterMs >= 10_000 &&
    troubles.length === 1 &&
    ends.length === others.length &&
    ends.filter(node => node !== troubles[0]?.node).length <= 1
  )
}

const singleNodeFaults: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...([
    'kill',
    'exit',
    'remove',
    'leave-dead',
    'leave-unusable',
    'pause',
    'freeze',
    'busy',
    'disconnect',
  ] as const),
])
const beyondWaitPromise: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...(['kill-again', 'restart-engine', 'power-cut', 'remove-volume', 'forget'] as const),
  ...(['restore-record', 'promote-by-hand', 'failover-by-hand'] as const),
  ...(['start-by-hand', 'rename-by-hand'] as const),
])

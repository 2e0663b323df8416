import type { RefusalCode } from '../../../src/model/plan.js'
import type { Fault, FaultKind, Scenario } from './scenario.js'

/**
 * What may be asked of a person, and after what. A hold without its cause is a flotilla that is down for
 * nothing.
 */
export function isHoldExpected(code: string, scenario: Scenario): boolean {
  const cause = causes[code as RefusalCode]
  return cause !== undefined && cause(scenario)
}

const causes: Partial<Record<RefusalCode, (scenario: Scenario) => boolean>> = {
  // An append-only file loses nothing when a process ends, unless it is being written again after a full
  // synchronisation, which takes several ends in a row to matter. What is lost otherwise was on no disk, or
  // on one that somebody took away.
  DataLossGuard: scenario =>
    scenario.spec.persistence !== 'aof' ||
    scenario.faults.some(fault => fault.kind === 'edit' && (fault.change.persistence ?? 'aof') !== 'aof') ||
    countOf(scenario, ends) >= 3 ||
    has(scenario, ['power-cut', 'remove-volume', 'forget', 'flush', 'restore-record', ...byHand]),
  NoSafeCandidate: scenario =>
    has(scenario, [...ends, ...hangs, ...byHand, 'forget', 'restore-record', 'remove-volume']),
  // A change that is complete is none: only a master beside the recorded one, also where the recorded one
  // died before the change was seen.
  UnexpectedMaster: scenario => has(scenario, ['promote-by-hand', 'failover-by-hand', 'restore-record']),
  FailoverBlocked: ({ spec, faults }) =>
    spec.mode === 'manual' ||
    faults.some(fault => fault.kind === 'edit' && fault.change.mode === 'manual') ||
    faults.filter(({ kind }) => hangs.includes(kind)).length > 3,
  // A node that somebody ends soon after its start looks as if it could not live with the spec; a restart
  // that is asked for then waits for a person.
  RolloutBlocked: scenario =>
    has(scenario, ['ask-restart', 'edit']) && countOf(scenario, [...ends, 'start-fails']) >= 1,
  RolloutPaused: ({ spec }) => spec.more?.includes('master: approve') === true,
  CrashLooping: scenario => countOf(scenario, [...ends, 'start-fails']) >= 5,
  ActionFailing: scenario =>
    has(scenario, ['engine-trouble', 'order-trouble', 'node-trouble', 'start-fails']),
}

function countOf({ faults }: Scenario, kinds: readonly FaultKind[]): number {
  const timesOf = (fault: Fault): number => (fault.kind === 'kill-again' ? fault.times : 1)
  return faults.filter(({ kind }) => kinds.includes(kind)).reduce((count, fault) => count + timesOf(fault), 0)
}

function has({ faults }: Scenario, kinds: readonly FaultKind[]): boolean {
  return faults.some(({ kind }) => kinds.includes(kind))
}

const ends: readonly FaultKind[] = [
  ...(['kill', 'kill-again', 'exit', 'remove', 'leave-dead', 'leave-unusable'] as const),
  ...(['restart-engine', 'power-cut'] as const),
]
const hangs: readonly FaultKind[] = ['pause', 'freeze', 'busy', 'disconnect']
const byHand: readonly FaultKind[] = ['promote-by-hand', 'start-by-hand', 'rename-by-hand']

import { masterName, nodeAlias, replicaName } from '../../../src/model/names.js'
import { drive, type End } from './drive.js'
import type { NodeStateName } from './node-states.js'
import { build, type Setting } from './settings.js'
import type { World } from './small-world.js'

/**
 * Drives the world of this setting to rest. @returns what is wrong with how that ended, and how it came to
 * it; null when it is right.
 */
export function problemOf(template: Setting): string | null {
  const world = build(template)
  const before = structuredClone(world)
  const told: string[] = []
  const problem = problemWith(template, { before, after: world, end: drive(world, told) })
  return problem === null ? null : [problem, JSON.stringify(template), ...told].join('\n')
}

/** What is wrong with how this world ended; null when it is right. */
function problemWith(
  template: Setting,
  course: { readonly before: World; readonly after: World; readonly end: End },
): string | null {
  const { before, after, end } = course
  const lost = whatWasLost(template, before, after)
  if (lost !== null) return lost
  switch (end.kind) {
    case 'wrong':
      return end.problem
    case 'settled':
      return whyNotAsWanted(after)
    case 'refuses': {
      const unjust = end.plan.refusals.find(({ code }) => !mayRefuse(template, code))
      return unjust === undefined ? null : `refuses without need: ${unjust.code}: ${unjust.reason}`
    }
    case 'waits':
      return template.states.some(state => mayWaitFor.has(state)) || hasUnexpectedMaster(template)
        ? null
        : `waits for nothing that could come: ${end.plan.waits.map(wait => wait.what).join('; ')}`
  }
}

const mayWaitFor: ReadonlySet<NodeStateName> = new Set(['paused', 'frozen', 'frozen, a master', 'locked out'])

/**
 * Somebody renamed a container that is master by hand: to start another one would hand it that one's data.
 */
function hasUnexpectedMaster({ states, names }: Setting): boolean {
  return states.some((state, ordinal) => names[ordinal] === masterName('shop') && state.startsWith('master'))
}

function mayRefuse(template: Setting, code: string): boolean {
  const { states, record, operation } = template
  const recordedMaster = operation?.to ?? record
  switch (code) {
    case 'DataLossGuard':
      return recordedMaster !== null
    case 'UnexpectedMaster':
      return states.some((state, ordinal) => state.startsWith('master') && ordinal !== recordedMaster)
    case 'NoSafeCandidate':
      // Besides: the master is out of action, may not be started or does not come back, and nobody was seen
      // in sync with it.
      return (
        recordedMaster === null ||
        mayWaitFor.has(states[recordedMaster] ?? 'never made') ||
        hasUnexpectedMaster(template)
      )
    case 'RolloutBlocked':
      return (
        states.some(state => state.endsWith('of an older spec')) &&
        states.some(state => state === 'paused' || state === 'locked out')
      )
    case 'AuthFailure':
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
  const wrongUpstream = world.boxes.find(
    box => box !== master && box.redis?.host !== nodeAlias('shop', master.ordinal),
  )
  return wrongUpstream === undefined
    ? null
    : `settled with node ${wrongUpstream.ordinal} following ${wrongUpstream.redis?.host}`
}

/**
 * Ten keys are what the record speaks of, twelve are those and somebody's own writes: neither goes as long as
 * no person says so.
 */
function whatWasLost(template: Setting, before: World, after: World): string | null {
  if (has(before, 12) && !has(after, 12)) return 'the last copy of the twelve keys is gone'
  if (!has(before, 10) || has(after, 10) || has(after, 12)) return null
  const recordedMaster = template.operation?.to ?? template.record
  // What was lost before Flotilla looked is not on it: a master that a person emptied, and a recorded one
  // that came back with other data. A creation begins where no volume is, so one with a volume full of data
  // can't be. Without a record one of two histories has to be chosen.
  const excused =
    template.persistence === 'none' ||
    template.operation?.kind === 'creation' ||
    template.states.some(state => state === 'master, empty') ||
    (recordedMaster === null
      ? has(after, 7)
      : template.states[recordedMaster]?.endsWith('other data') === true)
  return excused ? null : 'the last copy of the ten keys is gone'
}

function has(world: World, keys: number): boolean {
  return (
    world.boxes.some(box => box.redis?.keys === keys) ||
    Object.values(world.volumes).some(volume => volume.keys === keys) ||
    world.setAside.some(({ data }) => data.keys === keys)
  )
}

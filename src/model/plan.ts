import type { ContainerAction } from './actions/containers.js'
import type { GatewayAction } from './actions/gateway.js'
import type { HibernationAction } from './actions/hibernation.js'
import type { ImageAction } from './actions/images.js'
import type { MasterAction } from './actions/masters.js'
import type { NetworkAction } from './actions/networks.js'
import type { SettingAction } from './actions/settings.js'
import type { SourceAction } from './actions/sources.js'

/**
 * A plan is a decision written down: what to do, in which order and why; what it waits for; what it refuses,
 * and the remedy. It leaves the executor no choice.
 */
export interface Plan {
  readonly flotilla: string
  /**
   * In order; a stage starts when the one before has ended, and leaves out what needs an action that failed
   * (dependencies.ts). The actions of one stage are independent and run concurrently.
   */
  readonly stages: readonly Stage[]
  readonly waits: readonly Wait[]
  readonly refusals: readonly Refusal[]
  /** What has failed and would be done: now, in one of the stages, or when its pause is over (pacing.ts). */
  readonly failing: readonly FailingAction[]
}

export type Stage = readonly Action[]

/** One call to the world each, with its cause. `ordinal` names the node, `name` its container. */
export type Action = ActionBody & { readonly cause: string }

/** A kind of action is declared with its entry, in one of these. */
export type ActionBody =
  | ImageAction
  | ContainerAction
  | NetworkAction
  | GatewayAction
  | HibernationAction
  | MasterAction
  | SourceAction
  | SettingAction

export type ActionKind = Action['kind']

/** The actions of one kind. */
export type ActionOf<Kind extends ActionKind> = Extract<Action, { readonly kind: Kind }>

export interface Wait {
  /** What must become true, as a sentence for people. */
  readonly what: string
  readonly ordinal: number | null
  /** When to look again at the latest, if nothing wakes us before. */
  readonly recheckInMs: number
}

export interface FailingAction {
  readonly action: Action
  readonly error: string
  readonly hint: string | null
  readonly code: string | null
  /** In a row. */
  readonly times: number
  readonly sinceMs: number
  readonly lastAtMs: number
  /** 0: it is tried in this plan. */
  readonly retryInMs: number
}

export interface Refusal {
  readonly code: RefusalCode
  /** What is not done and why. */
  readonly reason: string
  /** The exact command, or the change, that resolves it. */
  readonly remedy: string
}

/** Also the name of the condition that shows it, and of its section in docs/operations.md. */
export const refusalCodes = [
  'NameConflict',
  'NetworkConflict',
  'NetworkMissing',
  'VolumeShared',
  'DataLossGuard',
  'NoSafeCandidate',
  'UnexpectedMaster',
  'DuplicateNode',
  'RolloutBlocked',
  'RolloutPaused',
  'FailoverBlocked',
  'CrashLooping',
  'ActionFailing',
  'ConfigRefused',
  'MemoryInUse',
  'TlsRefused',
  'BootstrapBlocked',
  'AuthFailure',
  'GatewayBlocked',
] as const

export type RefusalCode = (typeof refusalCodes)[number]

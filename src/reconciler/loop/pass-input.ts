import type { Clock } from '../../clock.js'
import type { EventSink } from '../../events/catalogue.js'
import type { FlotillaSpec } from '../../model/spec.js'
import type { StateStore } from '../../state/state-store.js'
import type { ReadEnvironment } from '../auth/password-sources.js'
import type { FlotillaRecord } from './flotilla-record.js'
import type { Planner } from './planner.js'
import type { PassPreemption } from './preemption.js'
import type { Observer } from '../observe/observe.js'
import type { NodeTarget } from '../../model/redis.js'

export interface ReconcilerTools {
  readonly observer: Observer
  readonly store: StateStore
  readonly events: EventSink
  readonly clock: Clock
  readonly random: () => number
  readonly planner: Planner
  readonly flotillaVersion: string
  /** Where passwords may come from. */
  readonly environment: ReadEnvironment
}

export interface PassInput {
  readonly spec: FlotillaSpec
  readonly record: FlotillaRecord
  /** Why the manifest on disk is not the spec in force; null when it is. */
  readonly specProblem: string | null
  /** Aborts what is under way. */
  readonly signal: AbortSignal
  readonly preemption: PassPreemption
  /** A connection to the master has just been lost: see observe. */
  readonly fastPath: boolean
  /** Told after every look whom to keep an eye on between looks; null while there is no active master. */
  readonly onMaster: (master: NodeTarget | null) => void
}

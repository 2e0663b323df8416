import type { ConditionValue } from '../../../model/condition-value.js'
import type { Action, Plan } from '../../../model/plan.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { AppliedSettings } from '../../../model/record.js'
import type { AcceptedConfig } from '../../../model/image-probe.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import type { ConditionType, FlotillaStatus } from '../../../model/status.js'
import type { Member } from '../members/classify.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'

/**
 * Something that the manifest asks of every node, and that nodes are given while the flotilla serves. One
 * file says all of it: what is desired of a node, how it is known whether this incarnation of the node has
 * it, what brings it there and what keeps that from being done, and what the status says of it. A new one is
 * one more such file and its place in `settings.ts`.
 *
 * `Conditions`: the conditions in the status that are its own.
 */
export interface Setting<Conditions extends ConditionType = never> {
  /** Whether a node has it, as far as that can be told; one that nothing is known of may have it. */
  readonly isApplied: (input: PlanInput, node: Member) => boolean
  /** What the record says of a node whose container was just made, or whose files were just written. */
  readonly given?: {
    readonly container?: (given: GivenContainer) => AppliedSettings
    readonly files?: (given: GivenContainer) => AppliedSettings
  }
  /** Names of what somebody has changed by hand on a node that had it; one that never had it has no drift. */
  readonly drift?: (input: PlanInput, node: Member) => readonly string[]
  /** What brings it to the nodes that lack it, what is waited for, and what speaks against it. */
  readonly plan: (input: PlanInput, members: Members, context: SettingContext) => Contribution
  /** It is brought to a node in several steps, and no node is recreated between two of them. */
  readonly inSteps?: true
  readonly conditions: Readonly<
    Record<Conditions, (input: PlanInput, context: ConditionContext) => ConditionValue>
  >
}

/** A container, and what Flotilla has given it today's of. */
export interface GivenContainer {
  readonly containerId: string
  readonly spec: FlotillaSpec
  readonly config: AcceptedConfig | null
  /** Of the users and passwords. */
  readonly authDigest: string
}

export interface SettingContext {
  /** Ordinal of the active master. */
  readonly master: number
  readonly above: Progress
  /** The actions that this plan has already. */
  readonly others: readonly Action[]
}

/**
 * How far everything is that comes before a setting: `acting` while a node is repaired or given something,
 * `between-steps` while one waits half way (a file is being written, a link is to be in sync), else `done`.
 */
export type Progress = 'done' | 'between-steps' | 'acting'

export interface ConditionContext {
  readonly members: Members
  readonly plan: Plan
  readonly previous: FlotillaStatus | null
}

/** A source that gives no password now: the last good one stays in force. */
export interface SourceProblem {
  readonly user: string
  readonly reason: string
  readonly remedy: string
}

/** The same for the planner, which sees no password. */
export interface AuthView {
  readonly digest: string
  /**
   * Users with a new password that no node may have yet; of `own` ones every node must have it before it is
   * used.
   */
  readonly pending: readonly { readonly user: string; readonly own: boolean }[]
  /** Former passwords that are still accepted, each until then. */
  readonly former: readonly { readonly user: string; readonly own: boolean; readonly untilMs: number }[]
  readonly departed: readonly string[]
  /** Users that the manifest names. */
  readonly others: readonly string[]
  readonly problems: readonly SourceProblem[]
  /** Some sources could not be looked at from here; whether they are well only the daemon knows. */
  readonly isPartial: boolean
}

import type { Known } from './facts.js'

export type Verdict = 'ok' | 'warning' | 'failure' | 'unknown'

/** What one check came to. */
export interface Finding {
  readonly verdict: Verdict
  /** What was found. */
  readonly found: string
  /** What it means, where that is no matter of course. */
  readonly means: string | null
  /** The command that fixes it. */
  readonly fix: string | null
}

export function ok(found: string, means: string | null = null): Finding {
  return { verdict: 'ok', found, means, fix: null }
}

export function warning(found: string, rest: { readonly means: string; readonly fix: string }): Finding {
  return { verdict: 'warning', found, ...rest }
}

export function failure(found: string, rest: { readonly means: string; readonly fix: string }): Finding {
  return { verdict: 'failure', found, ...rest }
}

/** Judges what is known; what is not can't be judged, and is no failure. */
export function checkKnown<Value>(fact: Known<Value>, check: (value: Value) => Finding): Finding {
  return fact.kind === 'known' ? check(fact.value) : notKnown(fact.reason)
}

export function notKnown(reason: string): Finding {
  return { verdict: 'unknown', found: reason, means: null, fix: null }
}

import { isAnotherError } from './told.js'
import { isDeepStrictEqual } from 'node:util'
import type { RedisOptions } from '../redis/options.js'

/**
 * What a throwaway container of an image has told: whether a server comes up at all, which one, and what it makes of options. New versions need no
 * table: they are asked.
 */
export interface Trial {
  /** The reference by which it was asked for. */
  readonly image: string
  readonly imageId: string
  readonly atMs: number
  readonly outcome: TrialOutcome
  /** What it made of the data of the flotilla, when it was last asked. */
  readonly data?: DataVerdict
}

/** Whether a server of the image has loaded a snapshot of the flotilla's own data. */
export interface DataVerdict {
  readonly atMs: number
  /** The image of the master at that time, by id: what another one writes is another question. */
  readonly from: string
  /** Why it can't load it, in its own words; null when it has. */
  readonly refusal: string | null
}

export type TrialOutcome =
  /** No server of it comes up, with none of these options being to blame. */
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly tried: RedisOptions
      /** In a row and for the same reason; left out: once. */
      readonly times?: number | undefined
    }
  | {
      readonly kind: 'answered'
      readonly product: 'redis' | 'valkey'
      readonly version: string
      /** Of the snapshots that it writes; a server reads its own and older ones. Null when it did not tell. */
      readonly rdbVersion: number | null
      readonly options: Readonly<Record<string, OptionVerdict>>
    }

export interface OptionVerdict {
  /** The value that it speaks of. */
  readonly tried: readonly string[]
  /** `live`: set while it runs. `restart`: read only at a start. `unknown`: no such option. `invalid`: not this value. */
  readonly verdict: 'live' | 'restart' | 'unknown' | 'invalid'
  /** What CONFIG GET answers while a manifest doesn't mention it; null where it doesn't answer. */
  readonly byDefault: string | null
  /** What CONFIG GET answers once it is set; null where it doesn't answer, or was not set. */
  readonly reads: string | null
  /** What the server said against it; null when it said nothing. */
  readonly message: string | null
}

/** A record of an image takes some hundred bytes for each option that was ever tried with it. */
const trialsMax = 4

/** What is known of this very image; null when it was never tried. */
export function trialOfImage(trials: readonly Trial[], imageId: string | null): Trial | null {
  return trials.findLast(trial => trial.imageId === imageId) ?? null
}

/** The options that nothing is known of, or not with this value. */
export function untriedOptions(trial: Trial | null, wanted: RedisOptions): RedisOptions {
  const known = trial?.outcome
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, values]) =>
      known?.kind === 'answered' ? !isDeepStrictEqual(known.options[name]?.tried, values) : true,
    ),
  )
}

/** The records with this verdict in that of its image; the same as before where there is none. */
export function withDataVerdict(
  trials: readonly Trial[],
  imageId: string,
  data: DataVerdict,
): readonly Trial[] {
  return trials.map(trial => (trial.imageId === imageId ? { ...trial, data } : trial))
}

/** The records with this one in place of what was known of its image. Verdicts on other options stay. */
export function withTrial(trials: readonly Trial[], trial: Trial): readonly Trial[] {
  const known = trialOfImage(trials, trial.imageId)
  const [before, { outcome }] = [known?.outcome, trial]
  const merged: Trial =
    outcome.kind === 'answered' && before?.kind === 'answered'
      ? { ...known, ...trial, outcome: { ...outcome, options: { ...before.options, ...outcome.options } } }
      : outcome.kind === 'failed' &&
          before?.kind === 'failed' &&
          !isAnotherError(before.reason, outcome.reason)
        ? { ...trial, outcome: { ...outcome, times: (before.times ?? 1) + 1 } }
        : trial
  return [...trials.filter(one => one.imageId !== trial.imageId), merged].slice(-trialsMax)
}

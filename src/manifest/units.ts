import { z } from 'zod'
import { nearestDuration } from './nearest-amount.js'
import { field, type FieldDocs } from './field-docs.js'

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const byteUnits: Readonly<Record<string, number>> = {
  b: 1,
  k: 1_000,
  kb: 1_024,
  m: 1_000_000,
  mb: 1_048_576,
  g: 1_000_000_000,
  gb: 1_073_741_824,
}

export interface DurationLimits {
  readonly minMs: number
  readonly maxMs: number
}

/** A field that is a duration, with the nearest one that is right for whoever writes it otherwise. */
export function durationField(
  limits: DurationLimits,
  about: Pick<FieldDocs, 'wants' | 'example' | 'mayBeSecret'> & { readonly describe: string },
) {
  return field(duration(limits), { ...about, repair: nearestDuration(limits) })
}

/**
 * `500ms`, `5s`, `2m`, `1h`, `90d`, to milliseconds. A bare number is refused: seconds and milliseconds are
 * too easily mistaken for each other.
 */
export function duration(limits: DurationLimits) {
  return z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/)
    .transform(text => toNumber(text, durationUnits))
    .refine(ms => ms >= limits.minMs && ms <= limits.maxMs)
}

/** `1024`, `64kb`, `64mb`, `1gb`, in the units of redis.conf (kb is 1024, k is 1000), to bytes. */
export function bytes() {
  return z
    .union([z.int().min(0), z.string().regex(/^\d+([bB]|[kmgKMG][bB]?)?$/)])
    .transform(value => (typeof value === 'number' ? value : toNumber(value.toLowerCase(), byteUnits)))
    .refine(Number.isSafeInteger)
}

function toNumber(text: string, units: Readonly<Record<string, number>>): number {
  const [, digits = '', unit = ''] = /^(\d+)([a-z]*)$/.exec(text) ?? []
  return Number(digits) * (units[unit] ?? 1)
}

import { z } from 'zod'
import type { Immutable } from './immutable.js'
import type { RedisOptions } from './redis.js'

export const redisOptions = z.record(z.string(), z.array(z.string())) satisfies z.ZodType<RedisOptions>

const optionVerdict = z.object({
  /** The value that it speaks of. */
  tried: z.array(z.string()),
  /**
   * `live`: set while it runs. `restart`: read only at a start. `unknown`: no such option. `invalid`: not
   * this value.
   */
  verdict: z.enum(['live', 'restart', 'unknown', 'invalid']),
  /** What CONFIG GET answers while a manifest doesn't mention it; null where it doesn't answer. */
  byDefault: z.string().nullable(),
  /** What CONFIG GET answers once it is set; null where it doesn't answer, or was not set. */
  reads: z.string().nullable(),
  /** What the server said against it; null when it said nothing. */
  message: z.string().nullable(),
})

export type OptionVerdict = Immutable<z.infer<typeof optionVerdict>>

const imageProbeOutcome = z.discriminatedUnion('kind', [
  /** No server of it comes up, with none of these options being to blame. */
  z.object({
    kind: z.literal('failed'),
    reason: z.string(),
    tried: redisOptions,
    /** In a row and for the same reason; left out: once. */
    times: z.number().optional(),
  }),
  z.object({
    kind: z.literal('answered'),
    product: z.enum(['redis', 'valkey']),
    version: z.string(),
    /** Of the snapshots that it writes; a server reads its own and older ones. Null when it did not tell. */
    rdbVersion: z.number().nullable(),
    options: z.record(z.string(), optionVerdict),
  }),
])

export type ImageProbeOutcome = Immutable<z.infer<typeof imageProbeOutcome>>

/** Whether a server of the image has loaded a snapshot of the flotilla's own data. */
const dataProbe = z.object({
  atMs: z.number(),
  /** The image of the master at that time, by id: what another one writes is another question. */
  from: z.string(),
  /** Why it can't load it, in its own words; null when it has. */
  refusal: z.string().nullable(),
})

export type DataProbe = Immutable<z.infer<typeof dataProbe>>

/**
 * What a throwaway container of an image has told: whether a server comes up at all, which one, and what it
 * makes of options. New versions need no table: they are asked.
 */
export const imageProbe = z.object({
  /** The reference by which it was asked for. */
  image: z.string(),
  imageId: z.string(),
  atMs: z.number(),
  outcome: imageProbeOutcome,
  /** What it made of the data of the flotilla, when it was last asked. */
  data: dataProbe.exactOptional(),
})

export type ImageProbe = Immutable<z.infer<typeof imageProbe>>

/**
 * Options that a server of the wanted image was found to take, all of them: a spec with one that is refused
 * is not taken into force, not even in part.
 */
export const acceptedConfig = z.object({
  options: redisOptions,
  /** Those that a running server takes, in the words that it answers CONFIG GET with. */
  live: z.record(z.string(), z.string()),
  /** Names of those that a server reads only when it starts. */
  restart: z.array(z.string()),
})

export type AcceptedConfig = Immutable<z.infer<typeof acceptedConfig>>

export const imageTrouble = z.object({
  image: z.string(),
  reason: z.string(),
  atMs: z.number(),
})

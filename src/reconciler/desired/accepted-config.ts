import { isDeepStrictEqual } from 'node:util'
import type { FlotillaSpec } from '../../model/spec.js'
import { resourceOptions } from './max-memory.js'
import { probeOfImage, unprobedOptions } from './image-probe.js'
import type { ConfigValues, RedisOptions } from '../../model/redis.js'
import type { AcceptedConfig, OptionVerdict, ImageProbe } from '../../model/image-probe.js'

/** The part of the memory that this is about. */
export interface ConfigRecord {
  readonly config: AcceptedConfig | null
  readonly trials: readonly ImageProbe[]
}

export const emptyConfig: AcceptedConfig = { options: {}, live: {}, restart: [] }

/**
 * Takes the options of the spec into force once a server has said that it takes them all; until then those
 * before stay.
 */
export function acceptConfig<Memory extends ConfigRecord>(
  memory: Memory,
  spec: FlotillaSpec,
  imageId: string | null,
): Memory {
  const accepted = acceptable(spec, probeOfImage(memory.trials, imageId))
  if (accepted === null || isDeepStrictEqual(accepted, memory.config ?? emptyConfig)) return memory
  return { ...memory, config: accepted }
}

function acceptable({ config }: FlotillaSpec, imageProbe: ImageProbe | null): AcceptedConfig | null {
  const names = Object.keys(config)
  // Nothing to be asked about: what a server has by itself it takes.
  if (names.length === 0) return emptyConfig
  if (imageProbe?.outcome.kind !== 'answered' || Object.keys(unprobedOptions(imageProbe, config)).length > 0)
    return null
  if (refusedOptions(imageProbe, config).length > 0) return null
  const verdicts = imageProbe.outcome.options
  const live = names.flatMap(name => {
    const verdict = verdicts[name]
    return verdict?.verdict === 'live' && verdict.reads !== null ? [[name, verdict.reads] as const] : []
  })
  return {
    options: config,
    live: Object.fromEntries(live),
    restart: names.filter(name => verdicts[name]?.verdict === 'restart'),
  }
}

/** Whether it is these options that nodes are given. */
export function isConfigAccepted({ config }: ConfigRecord, spec: FlotillaSpec): boolean {
  return isDeepStrictEqual((config ?? emptyConfig).options, spec.config)
}

/** The options that a server will not take, each with what it said. */
export function refusedOptions(
  imageProbe: ImageProbe | null,
  wanted: RedisOptions,
): readonly { readonly name: string; readonly verdict: OptionVerdict }[] {
  if (imageProbe?.outcome.kind !== 'answered') return []
  const { options } = imageProbe.outcome
  return Object.keys(wanted).flatMap(name => {
    const verdict = options[name]
    if (verdict === undefined || !isDeepStrictEqual(verdict.tried, wanted[name])) return []
    return verdict.verdict === 'unknown' || verdict.verdict === 'invalid' ? [{ name, verdict }] : []
  })
}

/**
 * What a running node of this image is to have of the options in force; one that was in force and is not any
 * more gets its default again.
 */
export function configOptions(
  { config, trials }: ConfigRecord,
  imageId: string | null,
): { readonly defaults: ConfigValues; readonly live: ConfigValues } {
  const { options, live } = config ?? emptyConfig
  const outcome = probeOfImage(trials, imageId)?.outcome
  const verdicts = outcome?.kind === 'answered' ? Object.entries(outcome.options) : []
  const defaults = verdicts.flatMap(([name, { verdict, byDefault }]) =>
    verdict === 'live' && byDefault !== null && options[name] === undefined
      ? [[name, byDefault] as const]
      : [],
  )
  return { defaults: Object.fromEntries(defaults), live }
}

/**
 * What a node's file says beyond what is the same for all: what its limits make of it, and over that what the
 * manifest says.
 */
export function fileOptions(spec: FlotillaSpec, config: AcceptedConfig | null): RedisOptions {
  return { ...resourceOptions(spec), ...(config ?? emptyConfig).options }
}

/** The part of the options in force that makes another container. */
export function restartOptions({ options, restart }: AcceptedConfig): RedisOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => restart.includes(name)))
}

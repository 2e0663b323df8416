import { isDeepStrictEqual } from 'node:util'
import type { FlotillaSpec } from '../manifest/spec.js'
import type { LiveOptions, RedisOptions } from '../redis/options.js'
import { resourceOptions } from './resources.js'
import { trialOfImage, untriedOptions, type OptionVerdict, type Trial } from './trial.js'

/** Options that a server of the wanted image was found to take, all of them: a spec with one that is refused is not taken into force, not even in part. */
export interface ConfigInForce {
  readonly options: RedisOptions
  /** Those that a running server takes, in the words that it answers CONFIG GET with. */
  readonly live: LiveOptions
  /** Names of those that a server reads only when it starts. */
  readonly restart: readonly string[]
}

/** The part of the memory that this is about. */
export interface ConfigMemory {
  readonly config: ConfigInForce | null
  readonly trials: readonly Trial[]
}

export const noConfig: ConfigInForce = { options: {}, live: {}, restart: [] }

/** Takes the options of the spec into force once a server has said that it takes them all; until then those before stay. */
export function acceptConfig<Memory extends ConfigMemory>(
  memory: Memory,
  spec: FlotillaSpec,
  imageId: string | null,
): Memory {
  const accepted = acceptable(spec, trialOfImage(memory.trials, imageId))
  if (accepted === null || isDeepStrictEqual(accepted, memory.config ?? noConfig)) return memory
  return { ...memory, config: accepted }
}

function acceptable({ config }: FlotillaSpec, trial: Trial | null): ConfigInForce | null {
  const names = Object.keys(config)
  // Nothing to be asked about: what a server has by itself it takes.
  if (names.length === 0) return noConfig
  if (trial?.outcome.kind !== 'answered' || Object.keys(untriedOptions(trial, config)).length > 0) return null
  if (refusedOptions(trial, config).length > 0) return null
  const verdicts = trial.outcome.options
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
export function isConfigInForce({ config }: ConfigMemory, spec: FlotillaSpec): boolean {
  return isDeepStrictEqual((config ?? noConfig).options, spec.config)
}

/** The options that a server will not take, each with what it said. */
export function refusedOptions(
  trial: Trial | null,
  wanted: RedisOptions,
): readonly { readonly name: string; readonly verdict: OptionVerdict }[] {
  if (trial?.outcome.kind !== 'answered') return []
  const { options } = trial.outcome
  return Object.keys(wanted).flatMap(name => {
    const verdict = options[name]
    if (verdict === undefined || !isDeepStrictEqual(verdict.tried, wanted[name])) return []
    return verdict.verdict === 'unknown' || verdict.verdict === 'invalid' ? [{ name, verdict }] : []
  })
}

/** What a running node of this image is to have of the options in force; one that was in force and is not any more gets its default again. */
export function configOptions(
  { config, trials }: ConfigMemory,
  imageId: string | null,
): { readonly defaults: LiveOptions; readonly live: LiveOptions } {
  const { options, live } = config ?? noConfig
  const outcome = trialOfImage(trials, imageId)?.outcome
  const verdicts = outcome?.kind === 'answered' ? Object.entries(outcome.options) : []
  const defaults = verdicts.flatMap(([name, { verdict, byDefault }]) =>
    verdict === 'live' && byDefault !== null && options[name] === undefined
      ? [[name, byDefault] as const]
      : [],
  )
  return { defaults: Object.fromEntries(defaults), live }
}

/** What a node's file says beyond what is the same for all: what its limits make of it, and over that what the manifest says. */
export function fileOptions(spec: FlotillaSpec, config: ConfigInForce | null): RedisOptions {
  return { ...resourceOptions(spec), ...(config ?? noConfig).options }
}

/** The part of the options in force that makes another container. */
export function restartOptions({ options, restart }: ConfigInForce): RedisOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => restart.includes(name)))
}

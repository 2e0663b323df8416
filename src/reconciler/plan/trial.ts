import type { RedisOptions } from '../../redis/options.js'
import { refusedOptions } from '../config-in-force.js'
import { databasesInUse, whyTooFewDatabases } from '../databases.js'
import { factsOfNode } from '../node-facts.js'
import { trialOfImage, untriedOptions, type Trial } from '../trial.js'
import { whyImageRefused } from '../server-image.js'
import { imageInstead, wantedImageId } from '../wanted-image.js'
import { builtWithoutTls } from './built-without-tls.js'
import type { PlanInput } from './input.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Refusal } from './plan.js'

/** An image may have failed for a reason that passes (no memory left, a full disk). */
const tryAgainAfterMs = 60_000

/** What is known of the image that the spec names; null when it was not tried, or is not here. */
export function trialOf(input: PlanInput): Trial | null {
  return trialOfImage(input.memory.trials, wantedImageId(input))
}

/** What keeps the options of the spec from being in force: they are to be tried first, or a server refuses them. Null when nothing does. */
export function planConfig(input: PlanInput): Contribution | null {
  const trial = planTrial(input)
  const refusals = [whyNotFewerDatabases(input), whyNotConfigure(input), whyWithoutTls(input)].filter(
    refusal => refusal !== null,
  )
  return trial === null && refusals.length === 0 ? null : { ...trial, refusals }
}

/** An option that every server with TLS has, in the value that it has by itself: Flotilla sets it nowhere, so that asking for it changes nothing. */
const tlsQuestion: RedisOptions = { 'tls-prefer-server-ciphers': ['no'] }

/** What a server of the image is to be asked. Whether it can speak TLS a node tells that runs it; only where none does yet it has to be tried. */
function questionsOf({ spec, seen, tls }: PlanInput): RedisOptions {
  const isTold = seen.nodes.some(
    node => node.container.image === spec.image && factsOfNode(node)?.transport !== undefined,
  )
  return tls === null || tls.mode === 'off' || isTold ? spec.config : { ...spec.config, ...tlsQuestion }
}

function whyNotFewerDatabases({ spec, seen }: PlanInput): Refusal | null {
  for (const node of seen.nodes) {
    const facts = factsOfNode(node)
    const why = facts === null ? null : whyTooFewDatabases(spec, facts)
    if (facts === null || why === null) continue
    return {
      code: 'ConfigRefused',
      why: `${why} (node ${node.ordinal}). No option of this spec is applied, and no node is touched`,
      whatToType: `write databases: ${databasesInUse(facts)} or more under spec.config in the manifest of ${spec.name} and save it`,
    }
  }
  return null
}

function whyWithoutTls(input: PlanInput): Refusal | null {
  const asked = questionsOf(input)
  const [option = ''] = Object.keys(tlsQuestion)
  if (asked[option] === undefined) return null
  const unknown = refusedOptions(trialOf(input), asked).some(({ name }) => name === option)
  return unknown ? builtWithoutTls(input.spec, input.spec.image) : null
}

/**
 * Before a node is touched for the sake of a new image or of options, a throwaway container is asked about them: whether a server comes up, which one, and
 * what it makes of each option. Null when there is nothing to ask.
 */
function planTrial(input: PlanInput): Contribution | null {
  const trial = trialOf(input)
  const cause = whyTry(input, trial)
  if (cause === null) return null
  const instead = imageInstead(input)
  const image = instead ?? input.spec.image
  const actions: { phase: Phase; action: Action }[] = [
    {
      phase: 'try',
      action: { kind: 'try-image', image, options: untriedOptions(trial, questionsOf(input)), cause },
    },
  ]
  if (input.seen.resources?.image === null && instead === null)
    actions.unshift({
      phase: 'prepare',
      action: { kind: 'pull-image', image, cause: 'the image is not on this engine' },
    })
  return { actions }
}

function whyTry(input: PlanInput, trial: Trial | null): string | null {
  const { seen } = input
  const image = seen.resources?.image ?? null
  // It has told enough by itself.
  if (image !== null && whyImageRefused(image) !== null) return null
  if (trial?.outcome.kind === 'failed')
    return seen.atMs - trial.atMs >= tryAgainAfterMs ? `it failed before: ${trial.outcome.reason}` : null
  if (trial === null && seen.nodes.some(node => isOfAnother(input, node)))
    return 'nodes are to run it, and none has run it before'
  const untried = Object.keys(untriedOptions(trial, questionsOf(input)))
  return untried.length === 0 ? null : `what it makes of ${untried.join(', ')} is not known`
}

/** It runs what another reference meant, or what this one meant before. */
function isOfAnother(input: PlanInput, { container }: PlanInput['seen']['nodes'][number]): boolean {
  const wanted = wantedImageId(input)
  return container.image !== input.spec.image || (wanted !== null && container.imageId !== wanted)
}

/** Why the options of the spec are not in force, though there was somebody to ask; null when they are, or are still to be tried. */
function whyNotConfigure(input: PlanInput): Refusal | null {
  const { image, config, name } = input.spec
  const trial = trialOf(input)
  if (trial === null || Object.keys(config).length === 0) return null
  const { outcome } = trial
  if (outcome.kind === 'failed')
    return {
      code: 'ConfigRefused',
      why: `the options of spec.config can't be tried, because no server of the image ${image} comes up: ${outcome.reason}`,
      whatToType: `put spec.image right in the manifest of ${name}   (this one is tried again every minute)`,
    }
  const refused = refusedOptions(trial, config)
  const [first] = refused
  if (first === undefined) return null
  const told = refused.map(({ name: option, verdict }) =>
    verdict.verdict === 'unknown'
      ? `${option} is no option of ${outcome.product} ${outcome.version}`
      : `${option} can't be ${quoted(verdict.tried)}: ${verdict.message ?? 'the server refuses it'}`,
  )
  return {
    code: 'ConfigRefused',
    why: `${told.join('; ')}. No option of this spec is applied, and no node is touched`,
    whatToType: `change spec.config.${first.name} in the manifest of ${name} and save it`,
  }
}

function quoted(values: readonly string[]): string {
  return values.map(value => JSON.stringify(value)).join(', ')
}

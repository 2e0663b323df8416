import { whyPull } from './pull.js'
import { refusedOptions } from '../../desired/accepted-config.js'
import { databasesInUse, whyTooFewDatabases } from '../../desired/databases.js'
import { factsOfNode } from '../../../model/node-facts.js'
import { probeOfImage, unprobedOptions } from '../../desired/image-probe.js'
import { whyImageRefused } from '../../desired/server-image.js'
import { pinnedImageId, desiredImageId } from '../../desired/desired-image.js'
import { builtWithoutTls } from '../settings/tls.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Refusal } from '../../../model/plan.js'
import type { RedisOptions } from '../../../model/redis.js'
import type { ImageProbe } from '../../../model/image-probe.js'

/** An image may have failed for a reason that passes (no memory left, a full disk). */
const retryAfterMs = 60_000

/** What is known of the image that the spec names; null when it was not tried, or is not here. */
export function imageProbeOf(input: PlanInput): ImageProbe | null {
  return probeOfImage(input.memory.trials, desiredImageId(input))
}

/**
 * What keeps the options of the spec from being in force: they are to be tried first, or a server refuses
 * them. Null when nothing does.
 */
export function planConfig(input: PlanInput): Contribution | null {
  const imageProbe = planImageProbe(input)
  const refusals = [whyNotFewerDatabases(input), whyNotConfigure(input), whyWithoutTls(input)].filter(
    refusal => refusal !== null,
  )
  return imageProbe === null && refusals.length === 0 ? null : { ...imageProbe, refusals }
}

/**
 * An option that every server with TLS has, in the value that it has by itself: Flotilla sets it nowhere, so
 * that asking for it changes nothing.
 */
const tlsQuestion: RedisOptions = { 'tls-prefer-server-ciphers': ['no'] }

/**
 * What a server of the image is to be asked. Whether it can speak TLS a node tells that runs it; only where
 * none does yet it has to be tried.
 */
function questionsOf({ spec, seen, tls }: PlanInput): RedisOptions {
  const isReported = seen.nodes.some(
    node => node.container.image === spec.image && factsOfNode(node)?.transport !== undefined,
  )
  return tls === null || tls.mode === 'off' || isReported ? spec.config : { ...spec.config, ...tlsQuestion }
}

function whyNotFewerDatabases({ spec, seen }: PlanInput): Refusal | null {
  for (const node of seen.nodes) {
    const facts = factsOfNode(node)
    const reason = facts === null ? null : whyTooFewDatabases(spec, facts)
    if (facts === null || reason === null) continue
    return {
      code: 'ConfigRefused',
      reason: `${reason} (node ${node.ordinal}). No option of this spec is applied, and no node is touched`,
      remedy: `write databases: ${databasesInUse(facts)} or more under spec.config in the manifest of ${spec.name} and save it`,
    }
  }
  return null
}

function whyWithoutTls(input: PlanInput): Refusal | null {
  const asked = questionsOf(input)
  const [option = ''] = Object.keys(tlsQuestion)
  if (asked[option] === undefined) return null
  const unknown = refusedOptions(imageProbeOf(input), asked).some(({ name }) => name === option)
  return unknown ? builtWithoutTls(input.spec, input.spec.image) : null
}

/**
 * Before a node is touched for the sake of a new image or of options, a throwaway container is asked about
 * them: whether a server comes up, which one, and what it makes of each option. Null when there is nothing to
 * ask.
 */
function planImageProbe(input: PlanInput): Contribution | null {
  const imageProbe = imageProbeOf(input)
  const cause = whyProbe(input, imageProbe)
  if (cause === null) return null
  const instead = pinnedImageId(input)
  const image = instead ?? input.spec.image
  const actions: PlacedAction[] = [
    {
      band: 'prepare',
      action: { kind: 'probe-image', image, options: unprobedOptions(imageProbe, questionsOf(input)), cause },
    },
  ]
  const pull = instead === null && isMissingOrFirst(input) ? whyPull(input) : null
  if (pull !== null) actions.unshift({ band: 'prepare', action: { kind: 'pull-image', image, cause: pull } })
  return { actions }
}

/** Later on, what is there will do until a roll asks for it. */
function isMissingOrFirst({ seen }: PlanInput): boolean {
  return seen.resources?.image === null || seen.nodes.length === 0
}

function whyProbe(input: PlanInput, imageProbe: ImageProbe | null): string | null {
  const { seen } = input
  const image = seen.resources?.image ?? null
  // It has told enough by itself.
  if (image !== null && whyImageRefused(image) !== null) return null
  if (imageProbe?.outcome.kind === 'failed')
    return seen.atMs - imageProbe.atMs >= retryAfterMs
      ? `it failed before: ${imageProbe.outcome.reason}`
      : null
  if (imageProbe === null && seen.nodes.some(node => isOfAnother(input, node)))
    return 'nodes are to run it, and none has run it before'
  const unprobed = Object.keys(unprobedOptions(imageProbe, questionsOf(input)))
  return unprobed.length === 0 ? null : `what it makes of ${unprobed.join(', ')} is not known`
}

/** It runs what another reference meant, or what this one meant before. */
function isOfAnother(input: PlanInput, { container }: PlanInput['seen']['nodes'][number]): boolean {
  const wanted = desiredImageId(input)
  return container.image !== input.spec.image || (wanted !== null && container.imageId !== wanted)
}

/**
 * Why the options of the spec are not in force, though there was somebody to ask; null when they are, or are
 * still to be tried.
 */
function whyNotConfigure(input: PlanInput): Refusal | null {
  const { image, config, name } = input.spec
  const imageProbe = imageProbeOf(input)
  if (imageProbe === null || Object.keys(config).length === 0) return null
  const { outcome } = imageProbe
  if (outcome.kind === 'failed')
    return {
      code: 'ConfigRefused',
      reason: `the options of spec.config can't be tried, because no server of the image ${image} comes up: ${outcome.reason}`,
      remedy: `put spec.image right in the manifest of ${name}   (this one is tried again every minute)`,
    }
  const refused = refusedOptions(imageProbe, config)
  const [first] = refused
  if (first === undefined) return null
  const told = refused.map(({ name: option, verdict }) =>
    verdict.verdict === 'unknown'
      ? `${option} is no option of ${outcome.product} ${outcome.version}`
      : `${option} can't be ${quoted(verdict.tried)}: ${verdict.message ?? 'the server refuses it'}`,
  )
  return {
    code: 'ConfigRefused',
    reason: `${told.join('; ')}. No option of this spec is applied, and no node is touched`,
    remedy: `change spec.config.${first.name} in the manifest of ${name} and save it`,
  }
}

function quoted(values: readonly string[]): string {
  return values.map(value => JSON.stringify(value)).join(', ')
}

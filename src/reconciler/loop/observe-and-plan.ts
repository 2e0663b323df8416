import type { FlotillaSpec } from '../../model/spec.js'
import { acceptConfig, emptyConfig } from '../desired/accepted-config.js'
import type { GatewayTemplate } from '../desired/desired-gateway.js'
import { equalHashes, specHash, type NodeTemplate } from '../desired/desired-node.js'
import type { FlotillaMemory } from '../../model/record.js'
import { defaultPlanner, type Planner } from './planner.js'
import type { ObservedNode } from '../../model/observation.js'
import { observe, type Observer } from '../observe/observe.js'
import type { AuthChecks } from '../auth/check-users.js'
import { observeResources } from '../observe/resources.js'
import { whyTooFewDatabases } from '../desired/databases.js'
import { factsOfNode } from '../../model/node-facts.js'
import { externalSource } from '../plan/master/external-source.js'
import type { Decision } from '../plan/plan-flotilla.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Plan } from '../../model/plan.js'
import { optionsToReadBack } from '../plan/settings/options.js'
import type { TlsAccess } from '../../tls/tls-view.js'
import { foldTransport } from '../record/connection-security.js'
import { foldObservation } from '../record/fold-observation.js'
import { desiredImageId } from '../desired/desired-image.js'
import type { NodeCredentials, RedisFacts, SourceLogin } from '../../model/redis.js'
import type { AuthView } from '../../model/auth-view.js'

/**
 * One look and what is to be done about it: the part of a pass that changes nothing, shared by the daemon,
 * `plan` and `status`.
 */
export interface Assessment extends Decision {
  readonly input: PlanInput
}

/** What a node that was decided on has said of itself; null where it said nothing, or is none of these. */
export function factsOfMember({ members }: Pick<Decision, 'members'>, ordinal: number): RedisFacts | null {
  const nodes = [...members.wanted, ...members.excess]
  return nodes.find(node => node.ordinal === ordinal)?.facts ?? null
}

/** A look with what carrying its plan out needs. */
export interface ActionableAssessment extends Assessment {
  /** What a node that is made now is to be like. */
  readonly template: NodeTemplate
  readonly gateway: GatewayTemplate | null
}

export interface AssessmentInput {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
  readonly credentials: NodeCredentials
  /** What is known of certificates; null where TLS is off and never was on. */
  readonly tls: TlsAccess | null
  /** How to get into the Redis that it follows; null when it follows none, or that one lets everybody in. */
  readonly sourceLogin: SourceLogin | null
  /** Null for a flotilla that was never reconciled. */
  readonly auth: AuthView | null
  readonly template: Omit<NodeTemplate, 'config'>
  /** How its gateway is to be; null where none is asked for, or it can't be known yet. */
  readonly gateway: GatewayTemplate | null
  /** How what nodes list of their users is judged; null where that is not to be asked. */
  readonly authChecks: AuthChecks | null
  /** See observe: asks only the nodes. */
  readonly fastPath: boolean
  readonly planner?: Planner
}

/** @throws FlotillaError runtime/… when the engine can't be asked. */
export async function observeAndPlan(
  observer: Observer,
  {
    spec,
    memory,
    credentials,
    sourceLogin,
    auth,
    tls,
    template,
    gateway,
    fastPath,
    authChecks,
    planner = defaultPlanner,
  }: AssessmentInput,
): Promise<ActionableAssessment> {
  const from = externalSource({ spec, memory })
  const resourcesInput = {
    flotilla: spec.name,
    image: spec.image,
    persistence: spec.persistence,
    wantedCount: spec.replicas + 1,
  }
  const seen = await observe(observer, {
    ...resourcesInput,
    network: spec.network,
    gateway: {
      image: spec.gateway?.image ?? null,
      specHash: gateway?.specHash ?? null,
      access: gateway?.access ?? null,
    },
    masterKnown: memory.operation !== null || memory.master !== null,
    credentials,
    source: from === null ? null : { from, login: sourceLogin, external: spec.network.external },
    readBackInput:
      authChecks === null ? null : { ...authChecks, options: optionsToReadBack({ spec, memory }) },
    fastPath,
  })
  const folded = foldTransport(foldObservation(memory, seen), spec, seen)
  const isUnsafe = seen.nodes.some(node => whyConfigUnsafe(spec, node) !== null)
  const known = isUnsafe ? folded : acceptConfig(folded, spec, desiredImageId({ spec, seen, memory }))
  const acceptedTemplate: NodeTemplate = { ...template, config: known.config ?? emptyConfig }
  const input: PlanInput = {
    spec,
    seen,
    memory: known,
    specHash: specHash(acceptedTemplate),
    equalHashes: equalHashes(acceptedTemplate),
    ...(gateway === null ? {} : { gatewayHash: gateway.specHash, gatewayFiles: gateway.rendered.facts }),
    auth,
    // What is in plain text and is to stay so has nothing to do with certificates, though some are kept.
    tls: spec.tls.mode === 'off' && memory.transport === 'plain' ? null : (tls?.tlsView ?? null),
  }
  const decision = planner.decide(input)
  if (seen.resources !== null || !createsNode(decision.plan))
    return { input, ...decision, template: acceptedTemplate, gateway }
  const resources = await observeResources(
    observer.runtime,
    resourcesInput,
    observer.containerCache.lastList ?? [],
  )
  const whole = { ...input, seen: { ...seen, resources } }
  return { input: whole, ...planner.decide(whole), template: acceptedTemplate, gateway }
}

/** Options with which a node that is recreated would mix up what this one holds are not taken into force. */
function whyConfigUnsafe(spec: FlotillaSpec, node: ObservedNode): string | null {
  const facts = factsOfNode(node)
  return facts === null ? null : whyTooFewDatabases(spec, facts)
}

/**
 * Which volumes there are has to be known then: a node that has one, whatever it is called, would be given
 * another beside it.
 */
function createsNode(plan: Plan): boolean {
  return plan.stages.some(stage => stage.some(action => action.kind === 'create-volume'))
}

/** What a pass came to. A pair that makes no sense (settled, and again in 20 ms) can't be written. */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'again'; readonly inMs: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stuck'; readonly reason: string }
  /** The flotilla is removed, as its deletion policy says; there is nothing left to look at. */
  | { readonly kind: 'gone' }

import type { FlotillaSpec } from '../manifest/spec.js'
import type { NodeCredentials, SourceLogin } from '../redis/redis.js'
import type { AuthView } from './auth/node-auth.js'
import { acceptConfig, noConfig } from './config-in-force.js'
import { equalHashes, specHash, type NodeSetting } from './desired-node.js'
import type { FlotillaMemory } from './memory.js'
import { soundMind, type Mind } from './mind.js'
import type { NodeSeen } from './observation.js'
import { observe, type Eyes } from './observe/observe.js'
import type { NodeReaders } from './auth/users-seen.js'
import { seeResources } from './observe/resources.js'
import { whyTooFewDatabases } from './databases.js'
import { factsOfNode } from './node-facts.js'
import { followedSource } from './plan/followed-source.js'
import type { PlanInput } from './plan/input.js'
import type { Plan } from './plan/plan.js'
import { optionsToReadBack } from './plan/tuned-options.js'
import type { TlsAccess } from '../tls/sight.js'
import { rememberTransport } from './encryption.js'
import { remember } from './remember.js'
import { wantedImageId } from './wanted-image.js'

/** One look and what is to be done about it: the part of a pass that changes nothing, shared by the daemon, `plan` and `status`. */
export interface Look {
  readonly input: PlanInput
  readonly plan: Plan
}

/** A look with what carrying its plan out needs. */
export interface ActionableLook extends Look {
  /** What a node that is made now is to be like. */
  readonly setting: NodeSetting
}

export interface LookInput {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
  readonly credentials: NodeCredentials
  /** What is known of certificates; null where TLS is off and never was on. */
  readonly tls: TlsAccess | null
  /** How to get into the Redis that it follows; null when it follows none, or that one lets everybody in. */
  readonly sourceLogin: SourceLogin | null
  /** Null for a flotilla that was never reconciled. */
  readonly auth: AuthView | null
  readonly setting: Omit<NodeSetting, 'config'>
  /** How what nodes list of their users is judged; null where that is not to be asked. */
  readonly readers: NodeReaders | null
  /** See observe: asks only the nodes. */
  readonly inHaste: boolean
  readonly mind?: Mind
}

/** @throws FlotillaError runtime/… when the engine can't be asked. */
export async function lookAt(
  eyes: Eyes,
  {
    spec,
    memory,
    credentials,
    sourceLogin,
    auth,
    tls,
    setting,
    inHaste,
    readers,
    mind = soundMind,
  }: LookInput,
): Promise<ActionableLook> {
  const from = followedSource({ spec, memory })
  const whatToSee = {
    flotilla: spec.name,
    image: spec.image,
    persistence: spec.persistence,
    wantedCount: spec.replicas + 1,
  }
  const seen = await observe(eyes, {
    ...whatToSee,
    network: spec.network,
    masterKnown: memory.operation !== null || memory.master !== null,
    credentials,
    source: from === null ? null : { from, login: sourceLogin, external: spec.network.external },
    toReadBack: readers === null ? null : { ...readers, options: optionsToReadBack({ spec, memory }) },
    inHaste,
  })
  const remembered = rememberTransport(remember(memory, seen), spec, seen)
  const mixes = seen.nodes.some(node => whyMixed(spec, node) !== null)
  const known = mixes ? remembered : acceptConfig(remembered, spec, wantedImageId({ spec, seen, memory }))
  const inForce: NodeSetting = { ...setting, config: known.config ?? noConfig }
  const input: PlanInput = {
    spec,
    seen,
    memory: known,
    specHash: specHash(inForce),
    equalHashes: equalHashes(inForce),
    auth,
    // What is in plain text and is to stay so has nothing to do with certificates, though some are kept.
    tls: spec.tls.mode === 'off' && memory.transport === 'plain' ? null : (tls?.sight ?? null),
  }
  const plan = mind.plan(input)
  if (seen.resources !== null || !makesNode(plan)) return { input, plan, setting: inForce }
  const resources = await seeResources(eyes.runtime, whatToSee, eyes.engine.lastList ?? [])
  const whole = { ...input, seen: { ...seen, resources } }
  return { input: whole, plan: mind.plan(whole), setting: inForce }
}

/** Options with which a node that is made anew would mix up what this one holds are not taken into force. */
function whyMixed(spec: FlotillaSpec, node: NodeSeen): string | null {
  const facts = factsOfNode(node)
  return facts === null ? null : whyTooFewDatabases(spec, facts)
}

/** Which volumes there are has to be known then: a node that has one, whatever it is called, would be given another beside it. */
function makesNode(plan: Plan): boolean {
  return plan.stages.some(stage => stage.some(action => action.kind === 'create-volume'))
}

/** What a pass came to. A pair that makes no sense (settled, and again in 20 ms) can't be written. */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'again'; readonly inMs: number; readonly because: string }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stuck'; readonly because: string }
  /** The flotilla is removed, as its deletion policy says; there is nothing left to look at. */
  | { readonly kind: 'gone' }

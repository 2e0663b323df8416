import { homedir } from 'node:os'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { ownedRuntime } from '../ownership/owned-runtime.js'
import { Owner } from '../ownership/owner.js'
import type { Observer } from '../reconciler/observe/observe.js'
import { createObserver } from '../reconciler/observe/create-observer.js'
import { readProcessState } from '../reconciler/observe/process-state.js'
import type { GatewayPort } from '../gateway/gateway.js'
import { createGatewayClient } from '../gateway/haproxy-client.js'
import { createRedisClient } from '../redis/client/redis-client.js'
import { chooseReach, type ReachMode } from '../redis/reach.js'
import type { RedisPort } from '../redis/redis.js'
import { createDockerRuntime } from '../runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../runtime/docker/endpoint.js'
import type { Runtime } from '../runtime/runtime.js'
import { whyNotSupportedEngine } from '../runtime/supported-engine.js'
import { findOwnContainer } from './own-container.js'
import { openStore, type Paths } from './open-store.js'
import type { StateStore } from '../state/state-store.js'
import type { EngineFacts } from '../model/engine.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** An engine, its nodes, and our memory of them. */
export interface Session {
  /** Shows what is not proven to be ours as a stranger's. */
  readonly runtime: Runtime
  readonly owner: Owner
  readonly redis: RedisPort
  readonly gateway: GatewayPort
  readonly engine: EngineFacts
  readonly reach: { readonly mode: ReachMode; readonly reason: string }
  readonly observer: Observer
  readonly store: StateStore
  close(): void
}

/**
 * Connects to the engine and chooses the way to the nodes.
 * @throws FlotillaError runtime/… when no engine answers, usage/invalid when the nodes can't be reached from
 * here.
 */
export async function openSession(paths: Paths, env: Environment): Promise<Session> {
  const store = await openStore(paths)
  const { runtime, owner } = openOwnedRuntime(env, store)
  const redis = createRedisClient({ clock: systemClock })
  const gateway = createGatewayClient({ clock: systemClock })
  const close = (): void => {
    redis.close()
    gateway.close()
    runtime.close()
  }
  try {
    const engine = await runtime.describeEngine()
    requireSupportedEngine(engine)
    const ownContainer = await findOwnContainer(runtime)
    const reach = chooseReach({
      engine,
      platform: process.platform,
      insideContainer: ownContainer !== null,
      setting: paths.reach,
    })
    if (reach.kind === 'unreachable')
      throw new FlotillaError('usage/invalid', `the nodes can't be reached: ${reach.reason}`, {
        hint: 'See --reach in: flotilla run --help',
      })
    const observer = createObserver({
      runtime,
      redis,
      gateway,
      reach: reach.mode,
      ownContainer,
      processState: readProcessState,
      nowMs: () => systemClock.nowMs(),
    })
    return { runtime, owner, redis, gateway, engine, reach, observer, store, close }
  } catch (error) {
    close()
    throw error
  }
}

/** @throws FlotillaError usage/invalid for an engine that takes what nodes need and does not do it. */
function requireSupportedEngine(engine: EngineFacts): void {
  const lack = whyNotSupportedEngine(engine)
  if (lack !== null)
    throw new FlotillaError(
      'usage/invalid',
      `the engine at ${engine.endpoint} is ${engine.product}: ${lack}`,
      {
        hint: 'Run Docker Engine, rootless too, or name another engine with DOCKER_HOST.',
      },
    )
}

/** The engine, and who is to say what on it is ours. */
export function openOwnedRuntime(
  env: Environment,
  store: StateStore,
): { readonly runtime: Runtime; readonly owner: Owner } {
  const runtime = openRuntime(env)
  const owner = new Owner({ directory: store.directory, runtime, memories: store })
  return { runtime: ownedRuntime(runtime, owner), owner }
}

/** The engine as it is, for verbs that neither change anything nor talk to a node. */
export function openRuntime(env: Environment): Runtime {
  const endpoint = findDockerEndpoint({ env, homeDir: homedir(), platform: process.platform })
  const logins = { env, homeDir: homedir() }
  return createDockerRuntime({ endpoint, clock: systemClock, random: Math.random, logins })
}

import { homedir } from 'node:os'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { ownedRuntime } from '../ownership/owned-runtime.js'
import { Owner } from '../ownership/owner.js'
import type { Eyes } from '../reconciler/observe/observe.js'
import { openEyes } from '../reconciler/observe/open-eyes.js'
import { readProcessState } from '../reconciler/observe/process-state.js'
import { createRedisClient } from '../redis/client/redis-client.js'
import { chooseReach, type ReachMode } from '../redis/reach.js'
import type { RedisPort } from '../redis/redis.js'
import { createDockerRuntime } from '../runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../runtime/docker/endpoint.js'
import type { EngineFacts, Runtime } from '../runtime/runtime.js'
import { whatEngineLacks } from '../runtime/fit-engine.js'
import { findOwnContainer } from './own-container.js'
import { openStore, type Places } from './open-store.js'
import type { StateStore } from '../state/state-store.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** An engine, its nodes, and our memory of them. */
export interface Session {
  /** Shows what is not proven to be ours as a stranger's. */
  readonly runtime: Runtime
  readonly owner: Owner
  readonly redis: RedisPort
  readonly engine: EngineFacts
  readonly reach: { readonly mode: ReachMode; readonly reason: string }
  readonly eyes: Eyes
  readonly store: StateStore
  close(): void
}

/**
 * Connects to the engine and chooses the way to the nodes.
 * @throws FlotillaError runtime/… when no engine answers, usage/invalid when the nodes can't be reached from here.
 */
export async function openSession(places: Places, env: Environment): Promise<Session> {
  const store = await openStore(places)
  const { runtime, owner } = openOwnRuntime(env, store)
  const redis = createRedisClient({ clock: systemClock })
  const close = (): void => {
    redis.close()
    runtime.close()
  }
  try {
    const engine = await runtime.describeEngine()
    needFitEngine(engine)
    const ownContainer = await findOwnContainer(runtime)
    const reach = chooseReach({
      engine,
      platform: process.platform,
      insideContainer: ownContainer !== null,
      setting: places.reach,
    })
    if (reach.kind === 'no-way')
      throw new FlotillaError('usage/invalid', `the nodes can't be reached: ${reach.reason}`, {
        hint: 'See --reach in: flotilla run --help',
      })
    const eyes = openEyes({
      runtime,
      redis,
      reach: reach.mode,
      ownContainer,
      processState: readProcessState,
      nowMs: () => systemClock.nowMs(),
    })
    return { runtime, owner, redis, engine, reach, eyes, store, close }
  } catch (error) {
    close()
    throw error
  }
}

/** @throws FlotillaError usage/invalid for an engine that takes what nodes need and does not do it. */
function needFitEngine(engine: EngineFacts): void {
  const lack = whatEngineLacks(engine)
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
export function openOwnRuntime(
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
  return createDockerRuntime({ endpoint, clock: systemClock, random: Math.random })
}

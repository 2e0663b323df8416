import type { GatewayPort } from '../../gateway/gateway.js'
import type { ReachMode } from '../../redis/reach.js'
import type { RedisPort } from '../../redis/redis.js'
import type { Runtime } from '../../runtime/runtime.js'
import { ContainerCache } from './container-cache.js'
import { Liveness } from './liveness.js'
import { TaggedImages } from './tagged-images.js'
import type { Observer } from './observe.js'
import { ReadBack } from './read-back.js'
import { GatewayObserver } from './gateway.js'
import { OwnNetworks } from './own-networks.js'
import { ProcessUsers } from './process-users.js'
import { SentinelWatch } from './sentinels.js'
import { SourceCommands } from './source-commands.js'

/** Eyes over an engine and its nodes, which forget what does not run any more. */
export function createObserver({
  runtime,
  redis,
  gateway,
  ownContainer,
  endOfTurn,
  ...others
}: {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly gateway: GatewayPort
  readonly reach: ReachMode
  /** Name or id of the container that Flotilla itself runs in; null elsewhere. */
  readonly ownContainer: string | null
  readonly processState: Observer['processState']
  readonly nowMs: () => number
  /** Resolves at the end of this turn of the event loop; the real one's, unless told. */
  readonly endOfTurn?: () => Promise<void>
}): Observer {
  const liveness = new Liveness()
  const processUsers = new ProcessUsers(runtime)
  const readBack = new ReadBack(redis)
  const gateways = new GatewayObserver({
    ...{ port: gateway, runtime, reach: others.reach, nowMs: others.nowMs },
  })
  const containerCache = new ContainerCache(runtime, {
    ...(endOfTurn === undefined ? {} : { endOfTurn }),
    onList(containers) {
      const alive = containers.filter(({ state }) => state === 'running' || state === 'paused')
      const ids = new Set(alive.map(({ containerId }) => containerId))
      gateways.retain(ids)
      redis.retain(ids)
      liveness.retain(ids)
      processUsers.retain(ids)
      readBack.retain(ids)
    },
  })
  return {
    ...others,
    runtime,
    redis,
    gateways,
    containerCache,
    liveness,
    processUsers,
    readBack,
    taggedImages: new TaggedImages(runtime),
    ownNetworks: new OwnNetworks(runtime, ownContainer),
    sentinels: new SentinelWatch(redis),
    sourceCommands: new SourceCommands(redis),
  }
}

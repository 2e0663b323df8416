import type { ReachMode } from '../../redis/reach.js'
import type { RedisPort } from '../../redis/redis.js'
import type { Runtime } from '../../runtime/runtime.js'
import { EngineView } from './engine-view.js'
import { LifeSigns } from './life-signs.js'
import { TaggedImages } from './tagged-images.js'
import type { Eyes } from './observe.js'
import { ReadBack } from './read-back.js'
import { OwnNetworks } from './own-networks.js'
import { ProcessUsers } from './process-users.js'
import { SentinelWatch } from './sentinels.js'
import { SourceCommands } from './source-commands.js'

/** Eyes over an engine and its nodes, which forget what does not run any more. */
export function openEyes({
  runtime,
  redis,
  ownContainer,
  endOfTurn,
  ...others
}: {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly reach: ReachMode
  /** Name or id of the container that Flotilla itself runs in; null elsewhere. */
  readonly ownContainer: string | null
  readonly processState: Eyes['processState']
  readonly nowMs: () => number
  /** Resolves at the end of this turn of the event loop; the real one's, unless told. */
  readonly endOfTurn?: () => Promise<void>
}): Eyes {
  const lifeSigns = new LifeSigns()
  const processUsers = new ProcessUsers(runtime)
  const readBack = new ReadBack(redis)
  const engine = new EngineView(runtime, {
    ...(endOfTurn === undefined ? {} : { endOfTurn }),
    onList(containers) {
      const alive = containers.filter(({ state }) => state === 'running' || state === 'paused')
      const ids = new Set(alive.map(({ containerId }) => containerId))
      redis.retain(ids)
      lifeSigns.retain(ids)
      processUsers.retain(ids)
      readBack.retain(ids)
    },
  })
  return {
    ...others,
    runtime,
    redis,
    engine,
    lifeSigns,
    processUsers,
    readBack,
    taggedImages: new TaggedImages(runtime),
    ownNetworks: new OwnNetworks(runtime, ownContainer),
    sentinels: new SentinelWatch(redis),
    sourceCommands: new SourceCommands(redis),
  }
}

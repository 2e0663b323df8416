import { testEngine } from './engine.js'
import { call, containerNamed, type NodeContainer } from './containers.js'
import { callEngine } from './engine.js'
import { until } from './until.js'
import type { World } from './world.js'

/**
 * A Redis as a person starts it, without Flotilla: `docker run --name … [--network …] [--link …] [-v …] redis
 * redis-server …`. Removed with the world.
 */
export async function dockerRun(
  world: World,
  redis: {
    readonly name: string
    readonly command: readonly string[]
    readonly network?: string
    readonly links?: readonly string[]
    readonly binds?: readonly string[]
  },
): Promise<NodeContainer> {
  const { name, command, network = 'bridge', links = [], binds = [] } = redis
  world.beforeRemoval(async () => void (await callEngine('DELETE', `/containers/${name}?force=1&v=1`)))
  await call('POST', `/containers/create?name=${name}`, {
    Image: testEngine().image,
    Cmd: command,
    HostConfig: { NetworkMode: network, Links: links, Binds: binds },
  })
  await call('POST', `/containers/${name}/start`)
  return until(`${name} to have an address`, 60_000, async () => {
    const container = await containerNamed(name)
    return container?.address === null ? null : container
  })
}

import { call, removeContainer } from './containers.js'
import type { Daemon } from './daemon.js'
import { testEngine, uniqueName } from './engine.js'
import type { World } from './world.js'

/**
 * Does `fault` (which ends containers) while the daemon stands still, and lets a bystander take an address of
 * the flotilla's network before it goes on. Whether the engine gives out freed addresses first or last, the
 * containers then come back with others.
 */
export async function withNewAddresses(
  { world, daemon }: { readonly world: World; readonly daemon: Daemon },
  fault: () => Promise<void>,
): Promise<void> {
  daemon.signal('SIGSTOP')
  try {
    await fault()
    const body = {
      Image: testEngine().image,
      Cmd: ['sleep', '600'],
      NetworkingConfig: { EndpointsConfig: { [world.name]: {} } },
    }
    const { Id } = (await call('POST', `/containers/create?name=${uniqueName('bystander')}`, body)) as {
      Id: string
    }
    // The network can't be removed while the bystander is on it, so this comes first.
    world.beforeRemoval(() => removeContainer(Id))
    await call('POST', `/containers/${Id}/start`)
  } finally {
    daemon.signal('SIGCONT')
  }
}

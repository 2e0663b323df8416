import type { BenchWorld } from '../support/bench-world.js'
import { uniqueName } from '../../test/support/engine.js'

const containers = 8

/** An engine with other things to do: eight containers are created, started and removed, over and over. */
export interface BusyEngine {
  stop(): Promise<void>
}

/** @returns once each of them was there once. */
export async function keepEngineBusy(world: BenchWorld): Promise<BusyEngine> {
  const stopped = new AbortController()
  const comeAndGo = async (): Promise<void> => {
    const { engine, image } = world
    const { Id } = (await engine.call('POST', `/containers/create?name=${uniqueName('busy')}`, {
      Image: image,
      HostConfig: { NetworkMode: 'none' },
    })) as { Id: string }
    try {
      await engine.call('POST', `/containers/${Id}/start`)
    } finally {
      await engine.call('DELETE', `/containers/${Id}?force=1&v=1`, undefined, [404])
    }
  }
  const first = Promise.all(Array.from({ length: containers }, comeAndGo))
  const loops = Array.from({ length: containers }, async () => {
    await first
    while (!stopped.signal.aborted) await comeAndGo()
  })
  const all = Promise.allSettled(loops)
  await first
  return {
    async stop() {
      stopped.abort()
      await all
    },
  }
}

import { FlotillaError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'
import { describeEngine } from './engine-facts.js'
import type { ContainerLimits } from '../../model/engine.js'

const nano = 1_000_000_000

/**
 * As a container is created with. Swap equal to memory means none beside it: a Redis that swaps is slower
 * than one that is ended and replaced.
 */
export function limitsBody(limits: ContainerLimits | undefined): object {
  const { memoryBytes = null, cpus = null } = limits ?? {}
  return {
    ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * nano) }),
  }
}

/**
 * Docker takes 0 for "leave it as it is", so a limit can't be taken away from a container that has one. All
 * that the host has is as good.
 * @throws FlotillaError runtime/failed in the engine's words, such as for less memory than it uses.
 */
export async function limitContainer(
  client: EngineClient,
  { containerId, limits }: { readonly containerId: string; readonly limits: ContainerLimits },
  call: CallOptions | undefined,
): Promise<void> {
  const what = `limit container ${containerId.slice(0, 12)}`
  const host = await describeEngine(client, call)
  const { memoryBytes, cpus } = limits
  const body = limitsBody({ memoryBytes: memoryBytes ?? host.memoryBytes, cpus: cpus ?? host.cpus })
  const { status, body: reply } = await client.call(
    { what, timeoutMs: 30_000, signal: call?.signal, accept: [400, 409, 500] },
    docker => docker.getContainer(containerId).update(body),
    given => given,
  )
  if (status >= 400) throw new FlotillaError('runtime/failed', `${what}: Docker says: ${String(reply)}`)
}

import type { Runtime } from '../../runtime/runtime.js'

/**
 * By which containers are found, on these networks and by their own names: an alias of a compose service is
 * one as well.
 */
export async function namesOnNetworks(
  runtime: Runtime,
  external: readonly string[],
): Promise<readonly string[]> {
  const listed = await runtime.listContainers()
  const found = await Promise.all(
    listed.map(async one =>
      one.networks.some(({ network }) => external.includes(network))
        ? ((await runtime.inspectContainer(one.containerId)) ?? one)
        : one,
    ),
  )
  return found.flatMap(({ name, networks }) => [
    name,
    ...networks
      .filter(({ network }) => external.includes(network))
      .flatMap(({ dnsNames = [] }) => dnsNames.map(one => one.toLowerCase())),
  ])
}

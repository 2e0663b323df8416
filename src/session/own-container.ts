import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Runtime } from '../runtime/runtime.js'

/**
 * The container of `runtime` that this process runs in; null when it runs on a host, or in a container of
 * another engine (a machine in a container of its own is a host to the engine that runs inside it). The
 * engine itself is asked, because the usual signs can't tell those apart.
 */
export async function findOwnContainer(runtime: Runtime): Promise<string | null> {
  if (!existsSync('/.dockerenv') && !existsSync('/run/.containerenv')) return null
  for (const candidate of new Set([...idsInMountTable(), hostname()])) {
    const container = await runtime.inspectContainer(candidate)
    if (container?.state === 'running') return container.containerId
  }
  return null
}

/** Docker mounts resolv.conf, hostname and hosts from a folder that is called by the container's id. */
function idsInMountTable(): readonly string[] {
  try {
    const table = readFileSync('/proc/self/mountinfo', 'utf8')
    return [...table.matchAll(/\/containers\/([0-9a-f]{64})\//g)].flatMap(match => match[1] ?? [])
  } catch {
    return []
  }
}

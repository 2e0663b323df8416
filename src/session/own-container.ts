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
  for (const candidate of new Set([...idsOfOwnMounts(readMountTable()), hostname()])) {
    const container = await runtime.inspectContainer(candidate)
    // A container may be named like this host; a host name that Docker gave is the start of the id.
    if (container?.state === 'running' && container.containerId.startsWith(candidate))
      return container.containerId
  }
  return null
}

function readMountTable(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}

/**
 * Ids that a mount table (the text of /proc/self/mountinfo) gives for the container whose table it is: Docker
 * mounts three files from a folder that is called by the container's id. Where an engine runs beside this
 * process, the table lists the mounts of that engine's containers too, at other places.
 */
export function idsOfOwnMounts(table: string): readonly string[] {
  return table.split('\n').flatMap(line => {
    const [, , , root = '', place = ''] = line.split(' ')
    return ownFiles.includes(place) ? (/\/containers\/([0-9a-f]{64})\//.exec(root)?.[1] ?? []) : []
  })
}

const ownFiles = ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts']

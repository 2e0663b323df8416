import { readFile } from 'node:fs/promises'
import type { ProcessState } from '../../model/observation.js'

/**
 * What the kernel says of a process: a sign that Redis itself can't give. Null where it can't be asked
 * (another host, a virtual machine, no such file). The second field of /proc/<pid>/stat may hold spaces and
 * brackets, so the state is looked for behind it.
 */
export async function readProcessState(pid: number | null): Promise<ProcessState | null> {
  if (pid === null || pid <= 0) return null
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    return stateOf(text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3))
  } catch {
    return null
  }
}

function stateOf(code: string): ProcessState | null {
  switch (code) {
    case 'R':
      return 'running'
    case 'S':
    case 'I':
      return 'sleeping'
    case 'D':
      return 'disk-wait'
    case 'T':
    case 't':
      return 'stopped'
    case 'Z':
    case 'X':
      return 'gone'
    default:
      return null
  }
}

import { readFileSync } from 'node:fs'

/** CPU time that a process has used since its start, in seconds: `utime` and `stime` of /proc/<pid>/stat. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field may hold spaces and brackets, so fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/**
 * What Linux counts in for programs, on every architecture that Node runs on, whatever the kernel's own tick
 * is.
 */
const ticksPerSecond = 100

/** Memory in MB (10⁶ bytes): what it holds, and that with pages that others share divided by their number. */
export function memoryOf(pid: number): { readonly rssMb: number; readonly pssMb: number } {
  return {
    rssMb: megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS'),
    pssMb: megabytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss'),
  }
}

function megabytes(text: string, field: string): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return (Number(kibibytes) * 1024) / 1e6
}

import type { FlotillaStatus } from '../reconciler/status/status.js'
import { renderStatusList } from './render-status.js'

/** Writes the list of flotillas between the log lines each time that a phase, a master or a number of online nodes has changed. */
export function liveStatus(write: (text: string) => void): (status: FlotillaStatus) => void {
  const statuses = new Map<string, FlotillaStatus>()
  let shown = ''
  return status => {
    statuses.set(status.name, status)
    const key = [...statuses.values()]
      .map(one =>
        [one.name, one.phase, one.master, one.nodes.map(node => node.health), one.observedGeneration].join(
          ' ',
        ),
      )
      .join('\n')
    if (key === shown) return
    shown = key
    write(`\n${renderStatusList([...statuses.values()].sort((a, b) => a.name.localeCompare(b.name)))}\n`)
  }
}

import type { FlotillaStatus } from '../model/status.js'
import type { Output } from './output.js'
import { renderStatusList } from './render-status.js'
import { renderContext } from './render-context.js'

/**
 * Writes the list of flotillas between the log lines each time that a phase, a master or a number of online
 * nodes has changed.
 */
export function liveStatus(output: Output): (status: FlotillaStatus) => void {
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
    const sorted = [...statuses.values()].sort((a, b) => a.name.localeCompare(b.name))
    output.result(`\n${renderStatusList(sorted, renderContext(output))}\n`)
  }
}

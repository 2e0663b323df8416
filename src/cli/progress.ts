import type { EventSink, FieldValue } from '../events/catalogue.js'
import type { FlotillaStatus, NodeStatus } from '../model/status.js'
import type { Output } from './output.js'
import type { ProgressBoard } from './progress-board.js'
import { percentOf, pullText } from './render-progress.js'

/**
 * One line for each step of a node, on stderr: the same on a terminal and in a pipe, because nothing is
 * redrawn.
 */
export function reportProgress(output: Output, before: FlotillaStatus | null, now: FlotillaStatus): void {
  for (const node of now.nodes) {
    const was = before?.nodes.find(one => one.alias === node.alias)
    if (was?.health === node.health && was.name === node.name) continue
    if (was === undefined && node.health === 'absent') continue
    output.note(`${now.name}: ${node.name} (node ${node.ordinal}) is ${node.health}${exitText(node)}`)
  }
  if (before?.phase !== now.phase) output.note(`${now.name}: ${now.phase}, ${now.reason}`)
}

/** Why a node that is down is down, and where to read on. */
function exitText({ name, health, lastExit }: NodeStatus): string {
  if (health !== 'stopped' || lastExit === null || lastExit.code === 0) return ''
  const memory = lastExit.oomKilled ? ', OOM-killed' : ''
  return `; it ended with exit code ${lastExit.code}${memory}; see: docker logs ${name}`
}

/** What of the events a person who waits wants to read. */
export function progressSink(output: Output, board: ProgressBoard | null = null): EventSink {
  const reported = new Set<string>()
  return {
    publish(code, fields, scope) {
      board?.handleEvent(code, fields, scope)
      const values: Readonly<Record<string, FieldValue | undefined>> = fields
      const who = scope?.flotilla ?? 'flotilla'
      switch (code) {
        case 'image.pulling': {
          // Where nothing is drawn, a line for each quarter is news enough.
          if (board !== null) return
          const image = String(values['image'])
          const [doneBytes, totalBytes] = [Number(values['doneBytes']), Number(values['totalBytes'])]
          const quarter = `${who} ${image} ${Math.floor(percentOf({ doneBytes, totalBytes }) / 25)}`
          if (reported.has(quarter)) return
          reported.add(quarter)
          return output.note(`${who}: pulling ${pullText({ image, doneBytes, totalBytes })}`)
        }
        case 'image.fallback':
          return output.note(
            `${who}: ${String(values['image'])} is a fallback image here: ${String(values['contains'])}`,
          )
        case 'plan.failed':
        case 'pass.failed': {
          const action = values['action'] === undefined ? '' : String(values['action'])
          const error = String(values['error'])
          const text = `${who}: ${action === '' || error.startsWith(action) ? '' : `${action}: `}${error}`
          // The same trouble at every try is one piece of news.
          if (reported.has(text)) return
          reported.add(text)
          return output.note(`${text}${values['hint'] === null ? '' : `\n  ${String(values['hint'])}`}`)
        }
        case 'plan.rejected':
          return output.note(`${who}: a plan broke a rule of safety: ${String(values['violations'])}`)
        case 'state.corrupt':
          return output.note(`${who}: ${String(values['problem'])}; kept as ${String(values['movedTo'])}`)
        default:
      }
    },
  }
}

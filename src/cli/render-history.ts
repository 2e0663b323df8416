import type { HistoryEntry } from '../reconciler/memory.js'
import { renderTable } from './table.js'

/** Newest last, as logs are read. */
export function renderHistory(history: readonly HistoryEntry[]): string {
  if (history.length === 0) return 'nothing has happened yet\n'
  const rows = history.map(entry => [
    String(entry.epoch),
    new Date(entry.endedAtMs).toISOString(),
    entry.kind,
    entry.from === null ? '-' : String(entry.from),
    String(entry.to),
    entry.result,
    `${entry.startedAtMs - entry.troubleAtMs} ms`,
    `${entry.endedAtMs - entry.startedAtMs} ms`,
    entry.offsetGapBytes === null ? '-' : `${entry.offsetGapBytes} B`,
    entry.detail ?? entry.reason,
  ])
  return `${renderTable(['EPOCH', 'TIME', 'KIND', 'FROM', 'TO', 'RESULT', 'DETECT', 'TOOK', 'GAP', 'REASON'], rows)}\n`
}

import type { HistoryEntry } from '../reconciler/memory.js'
import { renderExplained, type Column } from './columns.js'
import type { View } from './view.js'

const columns: readonly Column<HistoryEntry>[] = [
  { head: 'EPOCH', cell: entry => String(entry.epoch) },
  { head: 'TIME', cell: entry => new Date(entry.endedAtMs).toISOString() },
  { head: 'KIND', cell: entry => entry.kind },
  { head: 'FROM', cell: entry => String(entry.from ?? '-') },
  { head: 'TO', cell: entry => String(entry.to) },
  { head: 'RESULT', cell: ({ result }, { paint }) => (result === 'done' ? result : paint.doubtful(result)) },
  { head: 'DETECT', cell: entry => `${entry.startedAtMs - entry.troubleAtMs} ms`, givesWay: 1 },
  { head: 'PROMOTE', cell: entry => `${entry.endedAtMs - entry.startedAtMs} ms`, givesWay: 1 },
  { head: 'TOTAL', cell: entry => `${entry.endedAtMs - entry.troubleAtMs} ms` },
  { head: 'GAP', cell: gapCell },
]
const reason: Column<HistoryEntry> = { head: 'REASON', cell: entry => entry.detail ?? entry.reason }

/** Newest last, as logs are read. */
export function renderHistory(history: readonly HistoryEntry[], view: View): string {
  if (history.length === 0) return 'nothing has happened yet\n'
  const table = { columns, sentence: reason, at: columns.length, needsExplaining: () => true }
  return renderExplained(table, history, view)
}

/** What the old master was seen to have and the new one had not. */
function gapCell({ offsetGapBytes }: HistoryEntry, { paint }: View): string {
  if (offsetGapBytes === null) return '-'
  return offsetGapBytes === 0 ? '0 B' : paint.bad(`${offsetGapBytes} B`)
}

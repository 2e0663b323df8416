import type { HistoryEntry } from '../model/record.js'
import { renderTableWithMessage, type Column } from './columns.js'
import type { RenderContext } from './render-context.js'

const columns: readonly Column<HistoryEntry>[] = [
  { head: 'EPOCH', cell: entry => String(entry.epoch) },
  { head: 'TIME', cell: entry => new Date(entry.endedAtMs).toISOString() },
  { head: 'KIND', cell: entry => entry.kind },
  { head: 'FROM', cell: entry => String(entry.from ?? '-') },
  { head: 'TO', cell: entry => String(entry.to) },
  { head: 'RESULT', cell: ({ result }, { colors }) => (result === 'done' ? result : colors.warning(result)) },
  { head: 'DETECT', cell: entry => `${entry.startedAtMs - entry.troubleAtMs} ms`, dropOrder: 1 },
  { head: 'PROMOTE', cell: entry => `${entry.endedAtMs - entry.startedAtMs} ms`, dropOrder: 1 },
  { head: 'TOTAL', cell: entry => `${entry.endedAtMs - entry.troubleAtMs} ms` },
  { head: 'GAP', cell: gapCell },
]
const reason: Column<HistoryEntry> = { head: 'REASON', cell: entry => entry.detail ?? entry.reason }

/** Newest last, as logs are read. */
export function renderHistory(history: readonly HistoryEntry[], context: RenderContext): string {
  if (history.length === 0) return 'nothing has happened yet\n'
  const table = { columns, message: reason, at: columns.length, showsMessage: () => true }
  return renderTableWithMessage(table, history, context)
}

/** What the old master was seen to have and the new one had not. */
function gapCell({ offsetGapBytes }: HistoryEntry, { colors }: RenderContext): string {
  if (offsetGapBytes === null) return '-'
  return offsetGapBytes === 0 ? '0 B' : colors.bad(`${offsetGapBytes} B`)
}

import type { JSX } from 'preact'
import type { FlotillaNode, HistoryEntry } from '../model/api-types.js'
import { bytes, fullTime, number } from '../model/format.js'
import { SeverityIcon } from './icons.js'

/** Who was made master when and why, newest first. */
export function MasterChanges({
  history,
  nodes,
}: {
  readonly history: readonly HistoryEntry[]
  readonly nodes: readonly FlotillaNode[]
}): JSX.Element {
  if (history.length === 0) return <p class="hint">None that is remembered.</p>
  const aliasOf = (ordinal: number | null): string =>
    ordinal === null ? 'nobody' : (nodes.find(node => node.ordinal === ordinal)?.alias ?? `node ${ordinal}`)
  return (
    <ol class="changes" reversed>
      {history.toReversed().map(entry => (
        <li key={`${entry.epoch} ${entry.endedAtMs}`}>
          <p class="change-head">
            <SeverityIcon
              severity={entry.result !== 'done' ? 'quiet' : entry.kind === 'failover' ? 'doubtful' : 'good'}
            />
            <strong>{entry.kind}</strong>
            <span>
              {entry.from === null ? '' : `${aliasOf(entry.from)} → `}
              {aliasOf(entry.to)}
            </span>
            {entry.result !== 'done' && <span class="pill tone-doubtful">{entry.result}</span>}
          </p>
          <p class="change-facts">
            <span>epoch {entry.epoch}</span>
            {entry.startedAtMs > entry.troubleAtMs && (
              <span>seen after {number(entry.startedAtMs - entry.troubleAtMs)} ms</span>
            )}
            <span>took {number(entry.endedAtMs - entry.startedAtMs)} ms</span>
            {entry.offsetGapBytes !== null && <span>gap {bytes(entry.offsetGapBytes)}</span>}
            <time dateTime={new Date(entry.endedAtMs).toISOString()}>{fullTime(entry.endedAtMs)}</time>
          </p>
          <p class="hint">{entry.detail ?? entry.reason}</p>
        </li>
      ))}
    </ol>
  )
}

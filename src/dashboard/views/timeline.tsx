import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Severity } from '../model/severity.js'
import type { EventRecord } from '../model/api-types.js'
import { clockTime, fieldsOf } from '../model/format.js'
import { SeverityIcon } from './icons.js'

const shownMax = 80

const filters = {
  all: { label: 'All', shows: () => true },
  warnings: { label: 'Warnings', shows: ({ level }: EventRecord) => level === 'warn' || level === 'error' },
  masters: {
    label: 'Masters',
    shows: ({ event }: EventRecord) => /^(master|failover|operation|request|data)\./.test(event),
  },
} as const

/** What has happened to one flotilla, and to the daemon, newest first. */
export function Timeline({
  name,
  events,
}: {
  readonly name: string
  readonly events: readonly EventRecord[]
}): JSX.Element {
  const [filter, setFilter] = useState<keyof typeof filters>('all')
  const shown = events
    .filter(record => (record.flotilla === name || record.flotilla === null) && filters[filter].shows(record))
    .slice(-shownMax)
    .toReversed()
  return (
    <>
      <div class="panel-head">
        <h2 id="timeline-title">Events</h2>
        <div class="segments" role="group" aria-label="Which events">
          {Object.entries(filters).map(([key, { label }]) => (
            <button
              key={key}
              type="button"
              aria-pressed={key === filter}
              onClick={() => setFilter(key as keyof typeof filters)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <p class="hint">None.</p>
      ) : (
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {shown.map(record => (
            <Event key={`${record.id} ${record.time}`} record={record} />
          ))}
        </ol>
      )}
    </>
  )
}

function Event({ record }: { readonly record: EventRecord }): JSX.Element {
  const fields = fieldsOf(record)
  return (
    <li class={`event is-${record.level}`}>
      <time dateTime={record.time} title={record.time}>
        {clockTime(record.time)}
      </time>
      <SeverityIcon severity={eventSeverity(record)} />
      <div>
        <p>
          {record.msg} <code class="faint">{record.event}</code>
        </p>
        {fields.length > 0 && (
          <p class="event-fields">
            {fields.map(([key, value]) => (
              <span key={key}>
                <b>{key}</b> {value}
              </span>
            ))}
          </p>
        )}
      </div>
    </li>
  )
}

function eventSeverity({ level, event }: EventRecord): Severity {
  if (level === 'error') return 'bad'
  if (level === 'warn') return 'doubtful'
  return event === 'flotilla.ready' || event === 'node.online' ? 'good' : 'quiet'
}

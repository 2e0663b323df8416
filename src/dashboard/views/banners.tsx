import type { JSX } from 'preact'
import { effectiveConnection, type Fleet } from '../model/fleet-state.js'
import { failedChecks } from '../model/severity.js'
import { clockTime, formatAge } from '../model/format.js'
import { SeverityIcon } from './icons.js'

/**
 * What the reader has to know before believing what is below: that it is old, or that the daemon can't do its
 * work.
 */
export function Banners({ fleet, nowMs }: { readonly fleet: Fleet; readonly nowMs: number }): JSX.Element {
  const { daemon, skewMs } = fleet
  const connection = effectiveConnection(fleet)
  return (
    <div class="banners" role="alert">
      {connection.kind === 'disconnected' && (
        <p class="banner tone-bad">
          <SeverityIcon severity="bad" />
          <span>
            <strong>No connection to the daemon since {clockTime(connection.sinceMs)}:</strong>{' '}
            {connection.reason}. What is shown is of then
            <span aria-hidden="true">, {formatAge(nowMs - skewMs - connection.sinceMs)} ago</span>. It is
            tried again by itself.
          </span>
        </p>
      )}
      {connection.kind === 'engine-down' && (
        <p class="banner tone-bad">
          <SeverityIcon severity="bad" />
          <span>
            <strong>Last seen at {clockTime(connection.sinceMs)}:</strong> {connection.reason}. What is shown
            is of then
            <span aria-hidden="true">, {formatAge(nowMs - connection.sinceMs)} ago</span>; no node is started,
            no master replaced until it answers.
          </span>
        </p>
      )}
      {connection.kind === 'live' &&
        daemon !== null &&
        failedChecks(daemon).map(error => (
          <p key={error} class="banner tone-doubtful">
            <SeverityIcon severity="doubtful" />
            <span>
              <strong>The daemon can't do its work:</strong> {error}.
            </span>
          </p>
        ))}
    </div>
  )
}

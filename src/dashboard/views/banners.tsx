import type { JSX } from 'preact'
import type { Fleet } from '../model/fleet.js'
import { troubles } from '../model/judgement.js'
import { clockTime, formatAge } from '../model/words.js'
import { ToneMark } from './icons.js'

/** What the reader has to know before believing what is below: that it is old, or that the daemon can't do its work. */
export function Banners({ fleet, nowMs }: { readonly fleet: Fleet; readonly nowMs: number }): JSX.Element {
  const { contact, daemon, skewMs } = fleet
  return (
    <div class="banners" role="alert">
      {contact.kind === 'lost' && (
        <p class="banner tone-bad">
          <ToneMark tone="bad" />
          <span>
            <strong>No connection to the daemon since {clockTime(contact.sinceMs)}:</strong> {contact.why}.
            What is shown is of then
            <span aria-hidden="true">, {formatAge(nowMs - skewMs - contact.sinceMs)} ago</span>. It is tried
            again by itself.
          </span>
        </p>
      )}
      {contact.kind === 'live' &&
        daemon !== null &&
        troubles(daemon).map(trouble => (
          <p key={trouble} class="banner tone-doubtful">
            <ToneMark tone="doubtful" />
            <span>
              <strong>The daemon can't do its work:</strong> {trouble}.
            </span>
          </p>
        ))}
    </div>
  )
}

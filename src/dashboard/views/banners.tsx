import type { JSX } from 'preact'
import { trustIn, type Fleet } from '../model/fleet.js'
import { troubles } from '../model/judgement.js'
import { clockTime, formatAge } from '../model/words.js'
import { ToneMark } from './icons.js'

/** What the reader has to know before believing what is below: that it is old, or that the daemon can't do its work. */
export function Banners({ fleet, nowMs }: { readonly fleet: Fleet; readonly nowMs: number }): JSX.Element {
  const { daemon, skewMs } = fleet
  const contact = trustIn(fleet)
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
      {contact.kind === 'blind' && (
        <p class="banner tone-bad">
          <ToneMark tone="bad" />
          <span>
            <strong>Last seen at {clockTime(contact.sinceMs)}:</strong> {contact.why}. What is shown is of
            then
            <span aria-hidden="true">, {formatAge(nowMs - contact.sinceMs)} ago</span>; no node is started, no
            master replaced until it answers.
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

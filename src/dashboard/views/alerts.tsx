import type { JSX } from 'preact'
import { conditionsToShow, problemText } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { remedySteps } from '../model/remedy-steps.js'
import { Command } from './command.js'
import { Icon, SeverityIcon } from './icons.js'

/** What needs a person, what is waited for, what is being done. Nothing at all while all is well. */
export function Alerts({ flotilla }: { readonly flotilla: Flotilla }): JSX.Element | null {
  const { refusing, failing, waitingFor, doing, pausedSince, name } = flotilla
  const conditions = conditionsToShow(flotilla)
  const isPaused = pausedSince !== null
  const count = refusing.length + failing.length + waitingFor.length + doing.length + conditions.length
  if (count === 0 && !isPaused) return null
  return (
    <section class="attention" aria-label="What needs attention" aria-live="polite">
      {refusing.map(({ code, reason, remedy }) => (
        <article key={`${code} ${reason}`} class="notice-card tone-bad">
          <h2>
            <Icon name="stop" />
            Refuses to go on: {code}
          </h2>
          <p>{reason}</p>
          {remedySteps(remedy).map(({ command, note }, index) => (
            <div key={command ?? note} class="typing">
              <p class="prompt">
                {index === 0 ? 'Type' : 'or'}
                {note === null ? '' : command === null ? `: ${note}` : ` (${note})`}
              </p>
              {command !== null && <Command text={command} />}
            </div>
          ))}
        </article>
      ))}
      {failing.map(({ action, error, hint, times, nextTryAt }) => (
        <article key={`${action} ${error}`} class="notice-card tone-bad">
          <h2>Fails: {action}</h2>
          <p>{error}</p>
          {hint !== null && <p>{hint}</p>}
          <p>
            Failed {times === 1 ? 'once' : `${times} times`}; the next try is due at{' '}
            {new Date(nextTryAt).toLocaleTimeString()}.
          </p>
        </article>
      ))}
      {isPaused && (
        <article class="notice-card tone-quiet">
          <h2>Paused</h2>
          <p>Nothing is changed and nothing fails over until it is resumed.</p>
          <Command text={`flotilla resume ${name}`} />
        </article>
      )}
      {conditions.length > 0 && (
        <article class="notice-card tone-doubtful">
          <ul class="plain">
            {conditions.map(condition => (
              <li key={condition.type}>
                <SeverityIcon severity="doubtful" />
                <span>
                  <strong>{problemText(condition)}</strong>{' '}
                  {condition.message === '' ? condition.reason : condition.message}
                </span>
              </li>
            ))}
          </ul>
        </article>
      )}
      {waitingFor.length + doing.length > 0 && (
        <article class="notice-card">
          <Lines title={isPaused ? 'Would do' : 'Does'} icon="act" lines={doing} />
          <Lines title="Waits until" icon="wait" lines={waitingFor} />
        </article>
      )}
    </section>
  )
}

/** More than these nobody reads while they change. */
const linesMax = 8

function Lines({
  title,
  icon,
  lines,
}: {
  readonly title: string
  readonly icon: 'act' | 'wait'
  readonly lines: readonly string[]
}): JSX.Element | null {
  if (lines.length === 0) return null
  const more = lines.length - linesMax
  return (
    <>
      <h2>
        <Icon name={icon} />
        {title}
      </h2>
      <ul class="plain">
        {lines.slice(0, linesMax).map(line => (
          <li key={line}>{line}</li>
        ))}
        {more > 0 && <li class="hint">and {more} more</li>}
      </ul>
    </>
  )
}

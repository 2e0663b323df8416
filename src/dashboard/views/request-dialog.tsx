import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { post, flotillaPath, read, ApiError, errorText } from '../api/client.js'
import { currentToken, forgetToken } from '../api/token.js'
import { isOnline, masterOf } from '../model/severity.js'
import type { Flotilla, Plan } from '../model/api-types.js'
import { lag } from '../model/format.js'
import { announce } from './announce.js'
import { Icon, SeverityIcon } from './icons.js'
import { PlanView, whyRefused } from './plan-view.js'
import { TokenForm } from './token-form.js'
import { bodyFor, previewQuery, dialogText, type Choices, type Verb } from './verbs.js'

type Progress =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly hint: string | null }

/** Shows the plan that a request would lead to, and asks for it when that is confirmed. */
export function RequestDialog({
  verb,
  flotilla,
  onClose,
}: {
  readonly verb: Verb
  readonly flotilla: Flotilla
  readonly onClose: () => void
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const [choices, setChoices] = useState<Choices>({
    to: null,
    force: false,
    replicas: flotilla.spec.replicas,
  })
  const [hasToken, setHasToken] = useState(currentToken() !== null)
  const { progress, confirm, startOver } = useRequest({ verb, flotilla, choices }, () => setHasToken(false))
  const preview = usePreview(flotilla, previewQuery(verb, choices), progress.kind === 'choosing')
  const labels = dialogText(verb, flotilla)
  const isUnchanged = verb === 'scale' && choices.replicas === flotilla.spec.replicas
  useEffect(() => dialog.current?.showModal(), [])

  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={onClose}>
      <header>
        <h2 id="dialog-title">{labels.title}</h2>
        <button type="button" class="bare close" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <p>{labels.explain}</p>
      <ChoiceFields
        verb={verb}
        flotilla={flotilla}
        choices={choices}
        onChange={next => {
          setChoices(next)
          startOver()
        }}
      />
      <h3>{verb === 'pause' ? 'What would be left undone' : 'What it would do'}</h3>
      <PreviewView preview={preview} />
      {!hasToken && <TokenForm onKept={() => setHasToken(true)} />}
      <Outcome progress={progress} />
      <footer>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {progress.kind === 'done' ? 'Close' : 'Cancel'}
        </button>
        {progress.kind !== 'done' && (
          <button
            type="button"
            class="button is-primary"
            disabled={
              !hasToken ||
              progress.kind === 'asking' ||
              isUnchanged ||
              preview.kind !== 'plan' ||
              whyRefused(preview.plan) !== null
            }
            onClick={confirm}
          >
            {progress.kind === 'asking' ? 'Asking…' : labels.confirm}
          </button>
        )}
      </footer>
    </dialog>
  )
}

/** Asks the daemon for what was chosen. `onUnknownToken`: the one that was kept is of no use. */
function useRequest(
  what: { readonly verb: Verb; readonly flotilla: Flotilla; readonly choices: Choices },
  onUnknownToken: () => void,
): { readonly progress: Progress; readonly confirm: () => void; readonly startOver: () => void } {
  const [progress, setProgress] = useState<Progress>({ kind: 'choosing' })
  const confirm = async (): Promise<void> => {
    const { verb, flotilla, choices } = what
    setProgress({ kind: 'asking' })
    try {
      const answer = await post<unknown>(flotillaPath(flotilla.name, verb), bodyFor(verb, choices))
      const text = doneText(verb, answer)
      setProgress({ kind: 'done', text })
      announce(text)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        forgetToken()
        onUnknownToken()
        setProgress({ kind: 'failed', reason: 'The daemon does not know this token', hint: null })
        return
      }
      setProgress({
        kind: 'failed',
        reason: errorText(error),
        hint: error instanceof ApiError ? error.hint : null,
      })
    }
  }
  return {
    progress,
    confirm: () => void confirm(),
    startOver: () => setProgress({ kind: 'choosing' }),
  }
}

function ChoiceFields({
  verb,
  flotilla,
  choices,
  onChange,
}: {
  readonly verb: Verb
  readonly flotilla: Flotilla
  readonly choices: Choices
  readonly onChange: (choices: Choices) => void
}): JSX.Element | null {
  if (verb === 'pause' || verb === 'resume') return null
  if (verb === 'scale')
    return (
      <label class="field">
        <span>Replicas, beside the one master</span>
        <input
          type="number"
          min={0}
          max={200}
          value={choices.replicas}
          onInput={event => {
            const replicas = event.currentTarget.valueAsNumber
            if (Number.isInteger(replicas) && replicas >= 0 && replicas <= 200)
              onChange({ ...choices, replicas })
          }}
        />
      </label>
    )
  const master = masterOf(flotilla)
  return (
    <fieldset class="field">
      <legend>New master</legend>
      <label>
        <input
          type="radio"
          name="to"
          checked={choices.to === null}
          onChange={() => onChange({ ...choices, to: null })}
        />
        The most up-to-date one
      </label>
      {flotilla.nodes
        .filter(node => node !== master)
        .map(node => (
          <label key={node.ordinal}>
            <input
              type="radio"
              name="to"
              checked={choices.to === node.ordinal}
              onChange={() => onChange({ ...choices, to: node.ordinal })}
            />
            {node.alias} <span class="hint">{isOnline(node) ? lag(node) : node.health}</span>
          </label>
        ))}
      {verb === 'failover' && (
        <label class="force">
          <input
            type="checkbox"
            checked={choices.force}
            onChange={event => onChange({ ...choices, force: event.currentTarget.checked })}
          />
          Also to a node that may lack writes, which are then lost
        </label>
      )}
    </fieldset>
  )
}

function Outcome({ progress }: { readonly progress: Progress }): JSX.Element {
  return (
    <div role="status">
      {progress.kind === 'failed' && (
        <p class="outcome tone-bad">
          <SeverityIcon severity="bad" />
          <span>
            {progress.reason}. {progress.hint}
          </span>
        </p>
      )}
      {progress.kind === 'done' && (
        <p class="outcome tone-good">
          <SeverityIcon severity="good" />
          <span>{progress.text}</span>
        </p>
      )}
    </div>
  )
}

type Preview =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'none'; readonly reason: string }

function PreviewView({ preview }: { readonly preview: Preview }): JSX.Element {
  return preview.kind === 'plan' ? (
    <PlanView plan={preview.plan} />
  ) : (
    <p class="hint">{preview.kind === 'waiting' ? 'Planning…' : preview.reason}</p>
  )
}

/** The plan by the last look; planned again with each look, for as long as nothing was confirmed. */
function usePreview(flotilla: Flotilla, query: string, isOpen: boolean): Preview {
  const [preview, setPreview] = useState<Preview>({ kind: 'waiting' })
  useEffect(() => {
    if (!isOpen) return
    let isWanted = true
    read<Plan>(flotillaPath(flotilla.name, query))
      .then(plan => isWanted && setPreview({ kind: 'plan', plan }))
      .catch((error: unknown) => isWanted && setPreview({ kind: 'none', reason: errorText(error) }))
    return () => {
      isWanted = false
    }
  }, [flotilla.name, flotilla.observedAt, query, isOpen])
  return preview
}

function doneText(verb: Verb, answer: unknown): string {
  const said = (answer ?? {}) as { readonly text?: string; readonly file?: string; readonly to?: number }
  switch (verb) {
    case 'switchover':
    case 'failover':
      return said.text ?? 'It has been begun and has not ended yet. The events will tell.'
    case 'scale':
      return `${said.file ?? 'The manifest'} now says ${said.to ?? ''} replicas; the daemon applies it.`
    case 'pause':
      return 'It is paused.'
    case 'resume':
      return 'It goes on.'
  }
}

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { keepToken } from '../api/token.js'
import { store } from '../store.js'

/** Asks for the token. It stays in this tab's session storage and nowhere else. */
export function TokenForm({ onKept }: { readonly onKept?: () => void }): JSX.Element {
  const [token, setToken] = useState('')
  return (
    <form
      class="token-form"
      onSubmit={event => {
        event.preventDefault()
        if (token.trim() === '') return
        keepToken(token.trim())
        store.retry()
        onKept?.()
      }}
    >
      <label>
        <span>Token</span>
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={token}
          onInput={event => setToken(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button">
        Use it
      </button>
      <p class="hint">
        It lies in <code>http.token</code> in the state directory: <code>cat state/http.token</code>. This tab
        forgets it when it is closed.
      </p>
    </form>
  )
}

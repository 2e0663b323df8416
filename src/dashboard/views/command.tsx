import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { announce } from './announce.js'
import { Icon } from './icons.js'

/** Something to type, with a button that copies it. */
export function Command({ text, block }: { readonly text: string; readonly block?: boolean }): JSX.Element {
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      // Where the browser does not allow it the text can be selected by hand.
      return announce('Copying is not possible here; select the text instead')
    }
    announce('Copied')
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <div class={block === true ? 'command block' : 'command'}>
      {block === true ? <pre tabIndex={0}>{text}</pre> : <code>{text}</code>}
      <button
        type="button"
        class="copy"
        aria-label={`Copy: ${text.split('\n')[0] ?? ''}`}
        onClick={() => void copy()}
      >
        <Icon name={isCopied ? 'done' : 'copy'} />
        <span>{isCopied ? 'Copied' : 'Copy'}</span>
      </button>
    </div>
  )
}

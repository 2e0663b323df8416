import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

let speak: (text: string) => void = () => undefined

/** Says something to who listens to the page instead of looking at it. */
export function announce(text: string): void {
  speak(text)
}

export function Announcer(): JSX.Element {
  const [text, setText] = useState('')
  useEffect(() => {
    speak = setText
  }, [])
  return (
    <p class="unseen" role="status" aria-live="polite">
      {text}
    </p>
  )
}

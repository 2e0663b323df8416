/** What a hold tells its reader to type, taken apart so that what is copied can be run as it is. */
export interface RemedyStep {
  /** Null where there is nothing to run: `give the flotilla another metadata.name`. */
  readonly command: string | null
  readonly note: string | null
}

/** One for each way out: `docker rename a b, or docker rm -f a` are two; what stands in brackets explains. */
export function remedySteps(remedy: string): readonly RemedyStep[] {
  return remedy.split(/, or /).map(part => {
    const { text, note } = noteAtEnd(part)
    return /^(flotilla|docker|npx|sudo|rm|chmod|chown|cat)\s/.test(text)
      ? { command: text, note }
      : { command: null, note: part }
  })
}

/** `flotilla resume shop (it goes on)`: the words, and what stands in brackets behind them. */
function noteAtEnd(part: string): { readonly text: string; readonly note: string | null } {
  const opens = part.lastIndexOf('(')
  const note = part.slice(opens + 1, -1)
  return opens === -1 || !part.endsWith(')') || note.includes(')')
    ? { text: part.trimEnd(), note: null }
    : { text: part.slice(0, opens).trimEnd(), note }
}

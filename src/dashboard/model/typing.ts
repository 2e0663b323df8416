/** What a hold tells its reader to type, taken apart so that what is copied can be run as it is. */
export interface Typing {
  /** Null where there is nothing to run: `give the flotilla another metadata.name`. */
  readonly command: string | null
  readonly note: string | null
}

/** One for each way out: `docker rename a b, or docker rm -f a` are two; what stands in brackets explains. */
export function typingsIn(whatToType: string): readonly Typing[] {
  return whatToType.split(/, or /).map(part => {
    const { words, note } = noteAtEnd(part)
    return /^(flotilla|docker|npx|sudo|rm|chmod|chown|cat)\s/.test(words)
      ? { command: words, note }
      : { command: null, note: part }
  })
}

/** `flotilla resume shop (it goes on)`: the words, and what stands in brackets behind them. */
function noteAtEnd(part: string): { readonly words: string; readonly note: string | null } {
  const opens = part.lastIndexOf('(')
  const note = part.slice(opens + 1, -1)
  return opens === -1 || !part.endsWith(')') || note.includes(')')
    ? { words: part.trimEnd(), note: null }
    : { words: part.slice(0, opens).trimEnd(), note }
}

/** What a hold tells its reader to type, taken apart so that what is copied can be run as it is. */
export interface Typing {
  /** Null where there is nothing to run: `give the flotilla another metadata.name`. */
  readonly command: string | null
  readonly note: string | null
}

/** One for each way out: `docker rename a b, or docker rm -f a` are two; what stands in brackets explains. */
export function typingsIn(whatToType: string): readonly Typing[] {
  return whatToType.split(/, or /).map(part => {
    const [, words = '', note = null] = /^(.*?)\s*(?:\(([^()]*)\))?$/s.exec(part) ?? []
    return /^(flotilla|docker|npx|sudo|rm|chmod|chown|cat)\s/.test(words)
      ? { command: words, note }
      : { command: null, note: part }
  })
}

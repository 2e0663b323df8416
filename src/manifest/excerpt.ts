/** Words in the key of what may be a password. */
const secretWords = ['pass', 'auth', 'secret', 'token']

/**
 * The part of a manifest that a message is about, as the message may repeat it: messages go into the log and
 * the journal, so where the line says that a password follows there are three dots in its place.
 */
export function excerptOf(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): string {
  const secretStart = startOfSecret(text, start)
  // One character, as `@`, is what the message is about.
  if (secretStart === null || end - start === 1) return text.slice(start, end)
  if (start < secretStart) return `${text.slice(start, secretStart)}…`
  return /[*&!]/.test(text[start] ?? '') ? `${text[start]}…` : '…'
}

/**
 * Where in the line of `offset` a value begins whose key tells that it may be a password; null when none
 * does.
 */
function startOfSecret(text: string, offset: number): number | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const [line = ''] = text.slice(lineStart, lineStart + 1_000).split('\n', 1)
  for (let colon = line.indexOf(':'); colon !== -1; colon = line.indexOf(':', colon + 1)) {
    const key =
      line
        .slice(0, colon)
        .trimEnd()
        .split(/[\s{,]/)
        .at(-1)
        ?.toLowerCase() ?? ''
    if (secretWords.some(word => key.includes(word))) return lineStart + colon + 1
  }
  return null
}

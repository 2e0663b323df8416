/**
 * Whether a text is meant by a pattern, in which each `*` stands for any characters. No regular expression:
 * patterns come from the network, and one made of forty stars would backtrack for longer than the daemon
 * lives. Takes the first place of each part, so its cost is at most the product of the two lengths.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [start = '', ...parts] = pattern.split('*')
  const end = parts.pop()
  if (end === undefined) return text === pattern
  if (!text.startsWith(start)) return false
  let from = start.length
  for (const part of parts) {
    const at = text.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return text.length - end.length >= from && text.endsWith(end)
}

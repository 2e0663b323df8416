/**
 * Whether a channel is meant by a pattern of PSUBSCRIBE, as Redis reads it: `*`, `?`, `[-+]sdown`, `[^a-c]`,
 * and `\` before a character that is meant as it is. Costs at most the product of the two lengths: after a
 * mismatch only the last star is tried again.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = parseGlob(pattern)
  let [part, at] = [0, 0]
  let retry: { readonly part: number; at: number } | null = null
  while (at < text.length || part < parts.length) {
    const wanted = parts[part]
    if (wanted === 'star') {
      retry = { part, at }
      part += 1
    } else if (wanted !== undefined && at < text.length && wanted(text.charAt(at))) {
      part += 1
      at += 1
    } else {
      if (retry === null || retry.at >= text.length) return false
      retry.at += 1
      part = retry.part + 1
      at = retry.at
    }
  }
  return true
}

type Part = 'star' | ((character: string) => boolean)

function parseGlob(pattern: string): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  while (at < pattern.length) {
    const character = pattern.charAt(at)
    if (character === '*') {
      if (parts.at(-1) !== 'star') parts.push('star')
      at += 1
    } else if (character === '?') {
      parts.push(() => true)
      at += 1
    } else if (character === '[') {
      const [set, endsAt] = parseSet(pattern, at + 1)
      parts.push(set)
      at = endsAt
    } else {
      const [literal, endsAt] = literalAt(pattern, at)
      parts.push(one => one === literal)
      at = endsAt
    }
  }
  return parts
}

/** From behind the bracket; one that is never closed goes on to the end of the pattern. */
function parseSet(pattern: string, from: number): readonly [(character: string) => boolean, number] {
  const isNegated = pattern.charAt(from) === '^'
  const ranges: (readonly [string, string])[] = []
  let at = isNegated ? from + 1 : from
  while (at < pattern.length && pattern.charAt(at) !== ']') {
    const [low, afterLow] = literalAt(pattern, at)
    at = afterLow
    if (pattern.charAt(at) === '-' && at + 1 < pattern.length && pattern.charAt(at + 1) !== ']') {
      const [high, afterHigh] = literalAt(pattern, at + 1)
      ranges.push(low <= high ? [low, high] : [high, low])
      at = afterHigh
    } else ranges.push([low, low])
  }
  const has = (character: string): boolean =>
    ranges.some(([low, high]) => character >= low && character <= high)
  return [character => has(character) !== isNegated, at + 1]
}

/** The character that is meant at a place, and where the next one begins. */
function literalAt(pattern: string, at: number): readonly [string, number] {
  const isEscaped = pattern.charAt(at) === '\\' && at + 1 < pattern.length
  return isEscaped ? [pattern.charAt(at + 1), at + 2] : [pattern.charAt(at), at + 1]
}

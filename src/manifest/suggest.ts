/** Longer words are no typos of ours, and the distance costs the product of both lengths. */
const longestWord = 64

/**
 * The candidate that `word` was most likely meant to be, or null when none is near: at most one slip for
 * every three letters, counting a letter too many, too few, wrong, or two swapped. Upper and lower case are
 * the same.
 */
export function suggest(word: string, candidates: readonly string[]): string | null {
  if (word.length > longestWord) return null
  const slipsMax = Math.max(1, Math.floor(word.length / 3))
  let best: { readonly candidate: string; readonly slips: number } | null = null
  for (const candidate of candidates) {
    const slips = slipsBetween({ from: word.toLowerCase(), to: candidate.toLowerCase() })
    // As many slips as letters would turn any short word into any other.
    if (slips > slipsMax || slips >= Math.min(word.length, candidate.length)) continue
    if (best === null || slips < best.slips) best = { candidate, slips }
  }
  return best?.candidate ?? null
}

/** Edit distance with adjacent swaps (optimal string alignment). */
function slipsBetween({ from, to }: { readonly from: string; readonly to: string }): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const wrong = from[row - 1] === to[column - 1] ? 0 : 1
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + wrong,
      )
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped && row > 1 && column > 1) least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1)
      current.push(least)
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}

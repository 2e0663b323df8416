import type { Position } from './diagnostic.js'

/**
 * Turns offsets of a text into line and column, both counted from 1 in UTF-16 units as editors do.
 * A byte order mark takes no column. The table of lines is made once per text.
 */
export function linePositions(text: string): (offset: number) => Position {
  const lineStarts = [text.startsWith('\uFEFF') ? 1 : 0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return offset => {
    const index = lastAtOrBefore(lineStarts, offset)
    return { line: index + 1, col: Math.max(1, offset - (lineStarts[index] ?? 0) + 1) }
  }
}

/** Index of the last element that is not above `wanted`; 0 when all are. `sorted` ascends. */
function lastAtOrBefore(sorted: readonly number[], wanted: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((sorted[middle] ?? 0) <= wanted) low = middle
    else high = middle - 1
  }
  return low
}

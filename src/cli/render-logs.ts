import { stripVTControlCharacters } from 'node:util'
import type { Colors } from './colors.js'
import type { LogLine } from '../model/engine.js'

/** A line of a node's log. */
export interface NodeLine extends LogLine {
  readonly ordinal: number
  /** The name that never changes, `shop-1`: the container's own is its role. */
  readonly alias: string
}

/** In the order in which the engine took them down; lines of one node keep theirs. */
export function mergeByTime(lines: readonly NodeLine[]): readonly NodeLine[] {
  return [...lines].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

/**
 * The line behind its node's name, which has the node's colour. What a container writes draws nothing on a
 * person's terminal.
 */
export function renderLine(
  { ordinal, alias, text }: NodeLine,
  { colors, aliasWidth }: { readonly colors: Colors; readonly aliasWidth: number },
): string {
  return `${colors.byIndex(ordinal, `${alias.padEnd(aliasWidth)} |`)} ${stripVTControlCharacters(text)}\n`
}

export function lineJson({ at, alias, ordinal, text }: NodeLine): string {
  return `${JSON.stringify({ time: at, node: ordinal, alias, text })}\n`
}

import { naturalWidth, renderTable, wrap } from './table.js'
import type { View } from './view.js'

/** A column of a table of things of one kind. */
export interface Column<Thing> {
  readonly head: string
  readonly cell: (thing: Thing, view: View) => string
  /** Where the terminal is too narrow the highest go first; those without stay. */
  readonly givesWay?: number
  /** Only with `-o wide`. */
  readonly wide?: true
}

export function headsOf<Thing>(columns: readonly Column<Thing>[]): readonly string[] {
  return columns.map(({ head }) => head)
}

export function rowsOf<Thing>(
  columns: readonly Column<Thing>[],
  things: readonly Thing[],
  view: View,
): readonly (readonly string[])[] {
  return things.map(thing => columns.map(({ cell }) => cell(thing, view)))
}

/** A sentence in less than this is a tower of words. */
const sentenceMin = 36

/**
 * A table with one column of sentences. On a terminal that is too narrow for them, each stands below its row instead, where there is something to explain.
 */
export function renderExplained<Thing>(
  table: {
    readonly columns: readonly Column<Thing>[]
    readonly sentence: Column<Thing>
    /** How many columns stand before the sentence. */
    readonly at: number
    readonly needsExplaining: (thing: Thing) => boolean
  },
  things: readonly Thing[],
  view: View,
): string {
  const { columns, sentence, at, needsExplaining } = table
  const alone = naturalWidth(headsOf(columns), rowsOf(columns, things, view))
  if (view.columns === null || view.columns - alone - 2 >= sentenceMin) {
    const all = [...columns.slice(0, at), sentence, ...columns.slice(at)]
    const options = { columns: view.columns, flexible: at }
    return `${renderTable(headsOf(all), rowsOf(all, things, view), options)}\n`
  }
  const shown = thinOut(columns, things, view)
  const [head = '', ...lines] = renderTable(headsOf(shown), rowsOf(shown, things, view)).split('\n')
  const explained = things.flatMap((thing, index) => [
    lines[index] ?? '',
    ...(needsExplaining(thing) ? indented(sentence.cell(thing, view), '  ', view.columns) : []),
  ])
  return `${[head, ...explained].join('\n')}\n`
}

/** Text below something, each line as far to the right, those after the first a little further. */
export function indented(text: string, indent: string, columns: number | null): readonly string[] {
  const lines = columns === null ? [text] : wrap(text, Math.max(20, columns - indent.length - 2))
  return lines.map((line, index) => `${indent}${index === 0 ? '' : '  '}${line}`)
}

/** The columns that fit: what matters least stays away. */
export function thinOut<Thing>(
  columns: readonly Column<Thing>[],
  things: readonly Thing[],
  view: View,
): readonly Column<Thing>[] {
  if (fits(columns, things, view)) return columns
  const [first] = columns
    .filter(one => one.givesWay !== undefined)
    .sort((a, b) => (b.givesWay ?? 0) - (a.givesWay ?? 0))
  if (first === undefined) return columns
  return thinOut(
    columns.filter(one => one !== first),
    things,
    view,
  )
}

/** All columns, in as many tables as it takes; each begins with the first column. */
export function splitToFit<Thing>(
  columns: readonly Column<Thing>[],
  things: readonly Thing[],
  view: View,
): readonly (readonly Column<Thing>[])[] {
  const [name, ...rest] = columns
  if (name === undefined) return []
  const groups: Column<Thing>[][] = [[name]]
  for (const column of rest) {
    const group = groups.at(-1) ?? []
    if (group.length === 1 || fits([...group, column], things, view)) group.push(column)
    else groups.push([name, column])
  }
  return groups
}

function fits<Thing>(columns: readonly Column<Thing>[], things: readonly Thing[], view: View): boolean {
  return (
    view.columns === null || naturalWidth(headsOf(columns), rowsOf(columns, things, view)) <= view.columns
  )
}

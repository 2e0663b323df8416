import { naturalWidth } from './table.js'
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

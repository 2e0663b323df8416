import { naturalWidth, renderTable, wrap } from './table.js'
import type { RenderContext } from './render-context.js'

/** A column of a table of things of one kind. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row, context: RenderContext) => string
  /** Where the terminal is too narrow the highest go first; those without stay. */
  readonly dropOrder?: number
  /** Only with `-o wide`. */
  readonly wide?: true
}

export function headsOf<Row>(columns: readonly Column<Row>[]): readonly string[] {
  return columns.map(({ head }) => head)
}

export function rowsOf<Row>(
  columns: readonly Column<Row>[],
  items: readonly Row[],
  context: RenderContext,
): readonly (readonly string[])[] {
  return items.map(row => columns.map(({ cell }) => cell(row, context)))
}

/** A sentence in less than this is a tower of words. */
const messageWidthMin = 36

/**
 * A table with one column of sentences. On a terminal that is too narrow for them, each stands below its row
 * instead, where there is something to explain.
 */
export function renderTableWithMessage<Row>(
  table: {
    readonly columns: readonly Column<Row>[]
    readonly message: Column<Row>
    /** How many columns stand before the sentence. */
    readonly at: number
    readonly showsMessage: (row: Row) => boolean
  },
  items: readonly Row[],
  context: RenderContext,
): string {
  const { columns, message, at, showsMessage } = table
  const alone = naturalWidth(headsOf(columns), rowsOf(columns, items, context))
  if (context.columns === null || context.columns - alone - 2 >= messageWidthMin) {
    const all = [...columns.slice(0, at), message, ...columns.slice(at)]
    const options = { columns: context.columns, flexible: at }
    return `${renderTable(headsOf(all), rowsOf(all, items, context), options)}\n`
  }
  const shown = dropColumns(columns, items, context)
  const [head = '', ...lines] = renderTable(headsOf(shown), rowsOf(shown, items, context)).split('\n')
  const explained = items.flatMap((row, index) => [
    lines[index] ?? '',
    ...(showsMessage(row) ? indented(message.cell(row, context), '  ', context.columns) : []),
  ])
  return `${[head, ...explained].join('\n')}\n`
}

/** Text below something, each line as far to the right, those after the first a little further. */
export function indented(text: string, indent: string, columns: number | null): readonly string[] {
  const lines = columns === null ? [text] : wrap(text, Math.max(20, columns - indent.length - 2))
  return lines.map((line, index) => `${indent}${index === 0 ? '' : '  '}${line}`)
}

/** The columns that fit: what matters least stays away. */
export function dropColumns<Row>(
  columns: readonly Column<Row>[],
  items: readonly Row[],
  context: RenderContext,
): readonly Column<Row>[] {
  if (fits(columns, items, context)) return columns
  const [first] = columns
    .filter(one => one.dropOrder !== undefined)
    .sort((a, b) => (b.dropOrder ?? 0) - (a.dropOrder ?? 0))
  if (first === undefined) return columns
  return dropColumns(
    columns.filter(one => one !== first),
    items,
    context,
  )
}

/** All columns, in as many tables as it takes; each begins with the first column. */
export function splitToFit<Row>(
  columns: readonly Column<Row>[],
  items: readonly Row[],
  context: RenderContext,
): readonly (readonly Column<Row>[])[] {
  const [name, ...rest] = columns
  if (name === undefined) return []
  const groups: Column<Row>[][] = [[name]]
  for (const column of rest) {
    const group = groups.at(-1) ?? []
    if (group.length === 1 || fits([...group, column], items, context)) group.push(column)
    else groups.push([name, column])
  }
  return groups
}

function fits<Row>(columns: readonly Column<Row>[], items: readonly Row[], context: RenderContext): boolean {
  return (
    context.columns === null ||
    naturalWidth(headsOf(columns), rowsOf(columns, items, context)) <= context.columns
  )
}

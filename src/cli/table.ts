import { stripVTControlCharacters } from 'node:util'

export interface TableOptions {
  /** Width of the terminal; null in a pipe, where nothing is cut or wrapped. */
  readonly columns?: number | null
  /** Index of the column that gives way when the table is too wide: its cells are wrapped. */
  readonly flexible?: number
}

/**
 * A flexible column with less than this is unreadable; it stays so wide, and the terminal wraps the lines.
 */
const flexibleMin = 16

/**
 * Columns by two spaces and no lines, as kubectl and docker print them: made for eyes, cut and grep alike.
 * Cells may be coloured.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { columns = null, flexible }: TableOptions = {},
): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => widthOf(row[column] ?? ''))))
  if (flexible !== undefined && columns !== null) {
    const others = tableWidth(widths) - (widths[flexible] ?? 0)
    widths[flexible] = Math.min(widths[flexible] ?? 0, Math.max(columns - others, flexibleMin))
  }
  return all.flatMap(row => renderRow(row, widths)).join('\n')
}

/** How wide a table with these columns gets. */
export function naturalWidth(head: readonly string[], rows: readonly (readonly string[])[]): number {
  return tableWidth(
    head.map((_, column) => Math.max(...[head, ...rows].map(row => widthOf(row[column] ?? '')))),
  )
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + 2 * Math.max(0, widths.length - 1)
}

function renderRow(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => {
    const cell = row[column] ?? ''
    return widthOf(cell) <= width ? [cell] : wrap(cell, width)
  })
  const height = Math.max(...cells.map(lines => lines.length))
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => pad(lines[line] ?? '', widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Breaks text at spaces into lines of at most `width`; a longer word is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap(one => pieces(one, width))) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word]
  const characters = Array.from(word)
  const count = Math.ceil(characters.length / width)
  return Array.from({ length: count }, (_, nth) => characters.slice(nth * width, (nth + 1) * width).join(''))
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)))
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}

/** Colours that only repeat what the words say: whoever sees none misses nothing. */
export interface Colors {
  readonly good: Style
  readonly warning: Style
  readonly bad: Style
  /** What is there for completeness. */
  readonly dim: Style
  readonly bold: Style
  /** One of a few colours, the same for the same number: to tell nodes apart. */
  byIndex(number: number, text: string): string
}

export type Style = (text: string) => string

/** @param colour whether the reader is a terminal that wants any; see Output. */
export function createColors(color: boolean): Colors {
  const colors =
    (code: number): Style =>
    text =>
      color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  return {
    good: colors(32),
    warning: colors(33),
    bad: colors(31),
    dim: colors(2),
    bold: colors(1),
    byIndex: (number, text) => colors(palette[number % palette.length] ?? 0)(text),
  }
}

/** Readable on black and on white; red, green and yellow are taken by their meaning. */
const palette = [36, 35, 34, 96, 95, 94]

/** Colours that only repeat what the words say: whoever sees none misses nothing. */
export interface Paint {
  readonly good: Brush
  readonly doubtful: Brush
  readonly bad: Brush
  /** What is there for completeness. */
  readonly faint: Brush
  readonly strong: Brush
  /** One of a few colours, the same for the same number: to tell nodes apart. */
  ofMany(number: number, text: string): string
}

export type Brush = (text: string) => string

/** @param colour whether the reader is a terminal that wants any; see Output. */
export function createPaint(colour: boolean): Paint {
  const paint =
    (code: number): Brush =>
    text =>
      colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  return {
    good: paint(32),
    doubtful: paint(33),
    bad: paint(31),
    faint: paint(2),
    strong: paint(1),
    ofMany: (number, text) => paint(many[number % many.length] ?? 0)(text),
  }
}

/** Readable on black and on white; red, green and yellow are taken by their meaning. */
const many = [36, 35, 34, 96, 95, 94]

/**
 * What moves the cursor, rings, begins a command to the terminal, or turns the order of letters around; `\n`
 * and tab are left.
 */
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
/** The colours that Flotilla itself uses; see cli/paint.ts. */
// oxlint-disable-next-line no-control-regex -- the escape is what is looked for
const ownColour = /(\u001b\[(?:0|1|2|3[1-6]|9[4-6])m)/

/**
 * A text that draws nothing but its letters on a person's terminal, whatever a server, an engine or a
 * manifest has put into it: all else is written as `\u001b`, which within JSON still means the same.
 * @param colour keeps the colours that Flotilla uses.
 */
export function printable(text: string, { color }: { readonly color: boolean }): string {
  if (!color) return escaped(text)
  return text
    .split(ownColour)
    .map((part, index) => (index % 2 === 1 ? part : escaped(part)))
    .join('')
}

function escaped(text: string): string {
  return text.replace(unprintable, letter =>
    letter === '\n' || letter === '\t' ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Somebody else's words as a part of one of our lines: without line breaks and control characters, and no
 * longer than `lengthMax`.
 */
export function oneLine(text: string, lengthMax: number): string {
  const line = text
    .slice(0, lengthMax * 4)
    .replaceAll(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .trim()
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`
}

import { isatty } from 'node:tty'
import { exitCodeOf } from './exit-codes.js'
import { explainError } from '../errors.js'
import { printable } from '../printable.js'

/**
 * Where a verb writes: results to stdout, everything else to stderr. What comes from elsewhere and is more
 * than letters and our colours is shown as escapes.
 */
export interface Output {
  result(text: string): void
  note(text: string): void
  /** To the terminal as it is: what moves the cursor is ours, and all else in it is printable. */
  draw(text: string): void
  readonly stdoutIsTerminal: boolean
  readonly color: boolean
  /** Width of the terminal now; null in a pipe. */
  readonly columns: number | null
}

export function processOutput(env: Readonly<Record<string, string | undefined>>): Output {
  // https://no-color.org: any value that is not empty.
  const color = isatty(1) && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return {
    result: text => void process.stdout.write(printable(text, { color })),
    note: text => void process.stderr.write(`${printable(text, { color })}\n`),
    draw: text => void process.stdout.write(text),
    stdoutIsTerminal: isatty(1),
    get columns() {
      // A terminal that does not tell its width (a serial line) says 0.
      return isatty(1) ? process.stdout.columns || 80 : null
    },
    color,
  }
}

/** Runs a verb; what it throws becomes one message and an exit code, never a stack trace. */
export async function runVerb(output: Output, verb: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await verb()
  } catch (error) {
    output.note(`flotilla: ${explainError(error)}`)
    process.exitCode = exitCodeOf(error)
  }
}

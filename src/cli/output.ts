import { isatty } from 'node:tty'
import { exitCodeOf } from './exit-codes.js'
import { explainError } from '../errors.js'

/** Where a verb writes: results to stdout, everything else to stderr. */
export interface Output {
  result(text: string): void
  note(text: string): void
  readonly stdoutIsTerminal: boolean
  readonly colour: boolean
  /** Width of the terminal now; null in a pipe. */
  readonly columns: number | null
}

export function processOutput(env: Readonly<Record<string, string | undefined>>): Output {
  return {
    result: text => void process.stdout.write(text),
    note: text => void process.stderr.write(`${text}\n`),
    stdoutIsTerminal: isatty(1),
    get columns() {
      // A terminal that does not tell its width (a serial line) says 0.
      return isatty(1) ? process.stdout.columns || 80 : null
    },
    // https://no-color.org: any value that is not empty.
    colour: isatty(1) && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
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

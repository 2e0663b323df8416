/** Progress for people goes to stderr; stdout is kept for what a script reads. */

const onTerminal = process.stderr.isTTY && process.env['NO_COLOR'] === undefined

/** One step under way or done. @param {string} text */
export function logStep(text) {
  process.stderr.write(onTerminal ? `\u001b[36m▸\u001b[0m ${text}\n` : `▸ ${text}\n`)
}

/** Something that the reader should know before going on. @param {string} text */
export function logWarning(text) {
  process.stderr.write(onTerminal ? `\u001b[33m! ${text}\u001b[0m\n` : `! ${text}\n`)
}

/** What could not be done and how to fix it: thrown by the scripts, printed once, without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message what was tried and what happened
   * @param {string} hint what to do next
   */
  constructor(message, hint) {
    super(message)
    this.name = 'SetupError'
    this.hint = hint
  }
}

/**
 * Runs a script's main function: its number is the exit code, a SetupError is printed with its hint, and
 * anything else that is thrown is a bug and keeps its stack.
 * @param {() => Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`\n${error.message}\n  ${error.hint.replaceAll('\n', '\n  ')}\n`)
    process.exitCode = 1
  }
}

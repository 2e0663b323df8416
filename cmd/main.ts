import { exitCode } from '../src/cli/exit-codes.js'
import { processOutput } from '../src/cli/output.js'
import { buildProgram } from './program.js'

/** Runs the verb that this process was started with. */
export async function main(): Promise<void> {
  // A reader that goes away early (status | head) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCode.done : exitCode.failed),
  )
  // Libraries that look for it would write every command that they send to the log, passwords too.
  delete process.env['DEBUG']
  await buildProgram({ env: process.env, output: processOutput(process.env) }).parseAsync()
}

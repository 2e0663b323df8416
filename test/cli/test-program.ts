import type { Command } from 'commander'
import { buildProgram } from '../../cmd/program.js'
import { processOutput } from '../../src/cli/output.js'

/** The program as it is, with an empty environment. */
export function testProgram(): Command {
  return buildProgram({ env: {}, output: processOutput({}) })
}

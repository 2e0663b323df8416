#!/usr/bin/env node
import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { processOutput } from '../src/cli/output.js'
import { flotillaVersion } from '../src/version.js'
import { cliCommand } from './cli.js'
import { connectCommand } from './connect.js'
import { downCommand } from './down.js'
import { failoverCommand } from './failover.js'
import { historyCommand } from './history.js'
import { pauseCommand, resumeCommand } from './pause.js'
import { switchoverCommand } from './switchover.js'
import { planCommand } from './plan.js'
import { restartCommand } from './restart.js'
import { runCommand } from './run.js'
import { scaleCommand } from './scale.js'
import { schemaCommand } from './schema.js'
import { statusCommand } from './status.js'
import { upCommand } from './up.js'
import { validateCommand } from './validate.js'
import { verifyCommand } from './verify.js'
import type { CommandContext } from './context.js'

const context: CommandContext = { env: process.env, output: processOutput(process.env) }

const program = new Command('flotilla')
  .description('Keeps Redis masters and replicas on Docker the way a manifest declares them.')
  .version(flotillaVersion, '-V, --version')
  .enablePositionalOptions()
  .showSuggestionAfterError(true)
  .showHelpAfterError('(flotilla --help shows what there is)')
  .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 usage or invalid manifest, 3 not settled in time.

Example:
  flotilla up --manifests manifests     create what the manifests ask for, and wait until it is online
  flotilla run                          keep it that way, as a service
  flotilla status shop                  how it is, and what to type if it is not well`,
  )
  .exitOverride(error => {
    process.exit(error.exitCode === 0 ? exitCode.done : exitCode.usage)
  })

for (const make of [
  runCommand,
  upCommand,
  validateCommand,
  planCommand,
  statusCommand,
  scaleCommand,
  switchoverCommand,
  failoverCommand,
  pauseCommand,
  resumeCommand,
  historyCommand,
  restartCommand,
  verifyCommand,
  connectCommand,
  cliCommand,
  downCommand,
  schemaCommand,
])
  program.addCommand(make(context).copyInheritedSettings(program))

// A reader that goes away early (status | head) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? exitCode.done : exitCode.failed),
)

await program.parseAsync()

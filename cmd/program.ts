import { Command, Help, type Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { flotillaVersion } from '../src/version.js'
import { adoptCommand } from './adopt.js'
import { backupCommand, backupsCommand } from './backup.js'
import { certificateCommand } from './certificate.js'
import { claimCommand } from './claim.js'
import { cliCommand } from './cli.js'
import { completionCommand, hiddenCompleteCommand } from './completion.js'
import { connectCommand } from './connect.js'
import { pathsHeading, type CommandContext } from './context.js'
import { forkCommand, restoreCommand } from './copy.js'
import { doctorCommand } from './doctor.js'
import { downCommand } from './down.js'
import { eventsCommand } from './events.js'
import { failoverCommand } from './failover.js'
import { gcCommand } from './gc.js'
import { haproxyCommand } from './haproxy.js'
import { hibernateCommand, wakeCommand } from './hibernate.js'
import { historyCommand } from './history.js'
import { logsCommand } from './logs.js'
import { pauseCommand, resumeCommand } from './pause.js'
import { planCommand } from './plan.js'
import { promoteCommand } from './promote.js'
import { restartCommand } from './restart.js'
import { rolloutCommand } from './rollout.js'
import { rotateCommand } from './rotate.js'
import { runCommand } from './run.js'
import { scaleCommand } from './scale.js'
import { schemaCommand } from './schema.js'
import { serviceCommand } from './service.js'
import { statusCommand } from './status.js'
import { switchoverCommand } from './switchover.js'
import { topCommand } from './top.js'
import { upCommand } from './up.js'
import { validateCommand } from './validate.js'
import { verifyCommand } from './verify.js'

/** Every verb, under the heading by which `flotilla --help` and docs/cli.md group them. */
const verbs: Readonly<Record<string, readonly ((context: CommandContext) => Command)[]>> = {
  'Reconcile:': [runCommand, upCommand, adoptCommand, claimCommand, forkCommand, restoreCommand],
  'Inspect:': [
    statusCommand,
    planCommand,
    eventsCommand,
    historyCommand,
    logsCommand,
    topCommand,
    doctorCommand,
  ],
  'Change:': [
    scaleCommand,
    switchoverCommand,
    failoverCommand,
    promoteCommand,
    pauseCommand,
    resumeCommand,
    hibernateCommand,
    wakeCommand,
    restartCommand,
    rolloutCommand,
    rotateCommand,
  ],
  'Back up:': [backupCommand, backupsCommand],
  'Connect:': [connectCommand, cliCommand, verifyCommand, certificateCommand, haproxyCommand],
  'Write manifests:': [validateCommand, schemaCommand],
  'Clean up:': [downCommand, gcCommand],
}

const setUp = 'Set up:'

/**
 * The whole command line. Completion and docs/cli.md are made from it, so that they can't say anything else.
 */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('flotilla')
    .description('Keeps Redis masters and replicas on Docker the way a manifest declares them.')
    .version(flotillaVersion, '-V, --version')
    .enablePositionalOptions()
    .showSuggestionAfterError(true)
    .showHelpAfterError('(flotilla --help shows what there is)')
    .configureHelp({
      sortSubcommands: false,
      groupItems: pathOptionsLast,
      subcommandTerm: verb => verb.name(),
    })
    .addHelpCommand(
      new Command('help')
        .argument('[verb]')
        .description('the same as: flotilla <verb> --help')
        .helpGroup(setUp),
    )
    // Commander's own exits are help that was asked for, or a usage error.
    .exitOverride(error => {
      process.exit(error.exitCode === 0 ? exitCode.done : exitCode.usage)
    })
    .addHelpText(
      'after',
      `
Options of a verb: flotilla <verb> --help

Exit codes: 0 done, 1 failed, 2 usage or invalid manifest, 3 not settled in
time, 4 (plan --exit-code) there is something to do.

Example:
  flotilla up --manifests manifests   create what they ask for, and wait for it
  flotilla run                        keep it that way, as a service
  flotilla status shop                how it is, and how to fix what is wrong`,
    )
  for (const [heading, factories] of Object.entries(verbs))
    for (const create of factories) add(program, create(context).helpGroup(heading))
  add(program, serviceCommand(context).helpGroup(setUp))
  add(program, completionCommand(context).helpGroup(setUp))
  add(program, versionCommand(context), { hidden: true })
  return add(program, hiddenCompleteCommand(context, program), { hidden: true })
}

/** For whoever types it as a verb; `--version` is what is written down. */
function versionCommand({ output }: CommandContext): Command {
  return new Command('version')
    .description('the same as: flotilla --version')
    .action(() => output.result(`${flotillaVersion}\n`))
}

function add(program: Command, command: Command, options: { readonly hidden?: boolean } = {}): Command {
  for (const one of [command, ...command.commands])
    one
      .copyInheritedSettings(program)
      .showHelpAfterError(
        `usage: flotilla ${pathOf(one)} ${one.usage()}\n(flotilla ${pathOf(one)} --help shows more)`,
      )
  return program.addCommand(command, options)
}

/** `service install`, say. */
function pathOf(command: Command): string {
  const { parent } = command
  return parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`
}

/** What is a verb's own comes before what all verbs have. */
function pathOptionsLast<Item extends Command | Option>(
  ...args: Parameters<typeof Help.prototype.groupItems<Item>>
): Map<string, Item[]> {
  const groups = [...Help.prototype.groupItems(...args)]
  return new Map([...groups.filter(isVerbsOwn), ...groups.filter(group => !isVerbsOwn(group))])
}

function isVerbsOwn([heading]: readonly [string, unknown]): boolean {
  return heading !== pathsHeading
}

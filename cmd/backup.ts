import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import type { Paths } from '../src/session/open-store.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function backupCommand(context: CommandContext): Command {
  const { env, output } = context
  return withPathOptions(new Command('backup'))
    .summary('take a backup now, and restore it to see that it can be')
    .description(
      'take a backup now, to where spec.backup says, and restore it into a throwaway container to see that it can be; prints its name',
    )
    .argument('<flotilla>', 'which one')
    .addHelpText('after', example('flotilla backup shop', 'flotilla backup verify shop'))
    .addCommand(verifyCommand(context))
    .addCommand(deleteCommand(context))
    .action((flotilla: string, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { takeOne } = await import('../src/cli/backup/backup.js')
        const good = await takeOne({ paths: pathsOf(command), env, flotilla }, output)
        return good ? exitCode.done : exitCode.failed
      }),
    )
}

function verifyCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('verify'))
    .description('restore a backup into a throwaway container, and compare it with what its source had')
    .argument('<flotilla>', 'which one')
    .argument('[backup]', 'its name, latest, or a time: the newest that is not younger', 'latest')
    .addHelpText(
      'after',
      example('flotilla backup verify shop', 'flotilla backup verify shop 2026-11-28T03:00Z'),
    )
    .action((flotilla: string, wanted: string, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { verifyOne } = await import('../src/cli/backup/backup.js')
        const good = await verifyOne({ paths: pathsOfBoth(command), env, flotilla, wanted }, output)
        return good ? exitCode.done : exitCode.failed
      }),
    )
}

function deleteCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('delete'))
    .description('remove a backup, after a question')
    .argument('<flotilla>', 'which one')
    .argument('<backup>', 'its name')
    .option('-y, --yes', 'without the question')
    .addHelpText('after', example('flotilla backup delete shop shop-20261128T030000Z-3f9c1a'))
    .action((flotilla: string, wanted: string, options: { yes?: true }, command: Command) =>
      runVerb(output, async () => {
        const { deleteOne } = await import('../src/cli/backup/backup.js')
        const yes = options.yes === true
        const done = await deleteOne({ paths: pathsOfBoth(command), flotilla, wanted, yes }, output)
        return done ? exitCode.done : exitCode.failed
      }),
    )
}

export function backupsCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('backups'))
    .description('list the backups of a flotilla, the newest first')
    .argument('<flotilla>', 'which one')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla backups shop', 'flotilla backups shop -o json'))
    .action((flotilla: string, options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { showBackups } = await import('../src/cli/backup/backup.js')
        await showBackups({ paths: pathsOf(command), flotilla, format: options.output }, output)
        return exitCode.done
      }),
    )
}

/** Options may stand before the word or behind it: `backup --state x verify shop` too. */
function pathsOfBoth(command: Command): Paths {
  const { parent } = command
  for (const name of ['manifests', 'state', 'policy', 'reach']) {
    const isOwn = ![undefined, 'default'].includes(command.getOptionValueSource(name))
    const source = parent?.getOptionValueSource(name)
    if (!isOwn && source !== undefined && source !== 'default')
      command.setOptionValueWithSource(name, parent?.getOptionValue(name), source)
  }
  return pathsOf(command)
}

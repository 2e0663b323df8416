import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

interface CopyOptions {
  readonly as: string
  readonly image?: string
  readonly replicas?: number
  readonly from?: string
}

export function forkCommand(context: CommandContext): Command {
  return copyCommand(context, 'fork')
    .summary('make a new flotilla of one that runs')
    .description(
      'make a new flotilla with the manifest and the data of one that runs, which goes on untouched',
    )
    .addHelpText(
      'after',
      example(
        'flotilla fork shop --as staging',
        'flotilla fork shop --as staging --image redis:8 --replicas 0',
      ),
    )
}

export function restoreCommand(context: CommandContext): Command {
  return copyCommand(context, 'restore')
    .summary('make a new flotilla of a backup or an RDB file')
    .description('make a new flotilla with the manifest of one and the data of a backup, or of an RDB file')
    .requiredOption(
      '--from <backup>',
      'latest, a time (the newest not younger), a name that flotilla backups lists, or an RDB file',
    )
    .addHelpText(
      'after',
      example(
        'flotilla restore shop --from latest --as shop-again',
        'flotilla restore shop --from 2026-11-28T03:00 --as shop-monday',
        'flotilla restore shop --from dump.rdb --as shop-elsewhere',
      ),
    )
}

function copyCommand({ env, output }: CommandContext, verb: 'fork' | 'restore'): Command {
  return withPathOptions(new Command(verb))
    .argument('<flotilla>', 'which one')
    .requiredOption('--as <name>', 'what the new one is called')
    .option('--image <image>', 'of its nodes, where that is to be another')
    .addOption(new Option('--replicas <count>', 'beside its master').argParser(parseCount))
    .action((name: string, { from, ...options }: CopyOptions, command: Command) =>
      runVerb(output, async () => {
        const { makeCopy } = await import('../src/cli/copy/make-copy.js')
        const request = { paths: pathsOf(command), env, name, options, from: from ?? null }
        output.result(await makeCopy(request, output))
        return exitCode.done
      }),
    )
}

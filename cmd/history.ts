import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function historyCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('history'))
    .summary('every change of master, and what it may have lost')
    .description(
      'every change of masters: when, why, from whom to whom, how long it took and what it may have lost',
    )
    .argument('<flotilla>', 'which one')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla history shop', 'flotilla history shop -o json'))
    .action((name: string, options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { showHistory } = await import('../src/cli/history.js')
        await showHistory({ paths: pathsOf(command), name, format: options.output }, output)
        return exitCode.done
      }),
    )
}

import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function topCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('top'))
    .description(
      'what the nodes do: operations, memory, clients and lag, refreshed every second; one sample in a pipe',
    )
    .argument('[flotilla...]', 'of which ones (default: all)')
    .addOption(
      new Option('-o, --output <format>', 'how to print; json: one sample')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText('after', example('flotilla top', 'flotilla top shop -o json'))
    .action((names: string[], options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { showTop } = await import('../src/cli/top.js')
        await showTop({ paths: pathsOf(command), env, names, format: options.output }, output)
        return exitCode.done
      }),
    )
}

import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { topOrders, type TopOrder } from '../src/cli/top-order.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function topCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('top'))
    .summary('operations, memory, clients and lag of each node, live')
    .description(
      'what the nodes do: operations, memory, clients and lag, refreshed every second until q is pressed; one sample in a pipe',
    )
    .argument('[flotilla...]', 'of which ones (default: all)')
    .addOption(
      new Option('-o, --output <format>', 'how to print; json: one sample')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--sort <by>', 'in what order flotillas stand; the largest first')
        .choices(topOrders)
        .default('ops'),
    )
    .addHelpText('after', example('flotilla top', 'flotilla top --sort memory', 'flotilla top shop -o json'))
    .action(
      (
        names: string[],
        { output: format, sort }: { output: 'text' | 'json'; sort: TopOrder },
        command: Command,
      ) =>
        runVerb(output, async () => {
          const { showTop } = await import('../src/cli/top.js')
          await showTop({ paths: pathsOf(command), env, names, format, sort }, output)
          return exitCode.done
        }),
    )
}

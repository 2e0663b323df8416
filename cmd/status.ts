import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, placesOf, withPlaces, type CommandContext } from './context.js'

export function statusCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('status'))
    .description(
      'how the flotillas are, what is wrong and what to type; asks the nodes themselves, with or without a daemon',
    )
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['text', 'wide', 'json', 'yaml'])
        .default('text'),
    )
    .option('-w, --watch', 'print again whenever something has changed')
    .option('--check', 'exit with 1 unless every one of them is Ready')
    .addHelpText(
      'after',
      example('flotilla status', 'flotilla status shop -o wide', 'flotilla status --check && echo well'),
    )
    .action(
      (
        names: string[],
        options: { output: 'text' | 'wide' | 'json' | 'yaml'; watch?: true; check?: true },
        command: Command,
      ) =>
        runVerb(output, async () => {
          const { showStatus } = await import('../src/cli/status.js')
          const allReady = await showStatus(
            { places: placesOf(command), env, names, format: options.output, watch: options.watch === true },
            text => output.result(text),
          )
          return options.check === true && !allReady ? exitCode.failed : exitCode.done
        }),
    )
}

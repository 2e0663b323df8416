import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, placesOf, withPlaces, type CommandContext } from './context.js'

export function planCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('plan'))
    .description('show what would be done, why, what is waited for and what is refused; changes nothing')
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla plan', 'flotilla plan shop -o json'))
    .action((names: string[], options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { planText } = await import('../src/cli/plan.js')
        output.result(await planText({ places: placesOf(command), env, names, format: options.output }))
        return exitCode.done
      }),
    )
}

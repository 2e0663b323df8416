import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, placesOf, withPlaces, type CommandContext } from './context.js'

export function restartCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('restart'))
    .description(
      'make nodes anew on their volumes, one after the other, the master last and after a hand-over; a node that is CrashLooping is tried at once',
    )
    .argument('<flotilla>', 'which one')
    .addOption(new Option('--node <ordinal>', 'just that one').argParser(parseCount))
    .addHelpText('after', example('flotilla restart shop', 'flotilla restart shop --node 1'))
    .action((name: string, options: { node?: number }, command: Command) =>
      runVerb(output, async () => {
        const { askToRestart } = await import('../src/cli/ask.js')
        output.result(await askToRestart({ places: placesOf(command), env, name }, options.node ?? null))
        return exitCode.done
      }),
    )
}

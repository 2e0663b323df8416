import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, placesOf, withPlaces, type CommandContext } from './context.js'

export function promoteCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('promote'))
    .description(
      'have a flotilla that follows an outside Redis (spec.bootstrap) take over from it, losing no write',
    )
    .argument('<flotilla>', 'which one')
    .option(
      '--force',
      'without pausing the outside Redis and making it read-only; what it has more is not taken over',
    )
    .addOption(
      new Option('--timeout <seconds>', 'give up waiting for the answer after this long')
        .argParser(parseCount)
        .default(30),
    )
    .addHelpText('after', example('flotilla promote shop', 'flotilla promote shop --force'))
    .action((name: string, options: { force?: true; timeout: number }, command: Command) =>
      runVerb(output, async () => {
        const { askForMaster } = await import('../src/cli/ask.js')
        const { reportAnswer } = await import('../src/cli/report-answer.js')
        const request = { places: placesOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const wanted = { kind: 'take-over', to: null, force: options.force === true } as const
        const answer = await askForMaster(request, wanted, output)
        return reportAnswer(output, name, answer)
      }),
    )
}

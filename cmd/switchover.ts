import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, placesOf, withPlaces, type CommandContext } from './context.js'

export function switchoverCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('switchover'))
    .description('hand the mastership over to a replica that is in sync, losing no write')
    .argument('<flotilla>', 'which one')
    .addOption(
      new Option('--to <ordinal>', 'the node that is to be master (default: the furthest)').argParser(
        parseCount,
      ),
    )
    .addOption(
      new Option('--timeout <seconds>', 'give up waiting for the answer after this long')
        .argParser(parseCount)
        .default(30),
    )
    .addHelpText('after', example('flotilla switchover shop', 'flotilla switchover shop --to 2'))
    .action((name: string, options: { to?: number; timeout: number }, command: Command) =>
      runVerb(output, async () => {
        const { askForMaster } = await import('../src/cli/ask.js')
        const { reportAnswer } = await import('../src/cli/report-answer.js')
        const request = { places: placesOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const answer = await askForMaster(
          request,
          { kind: 'switchover', to: options.to ?? null, force: false },
          output,
        )
        return reportAnswer(output, name, answer)
      }),
    )
}

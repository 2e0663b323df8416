import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function switchoverCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('switchover'))
    .summary('make a replica master, losing no write')
    .description('make a replica that is in sync master, losing no write')
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
        const { requestMasterChange } = await import('../src/cli/send-request.js')
        const { reportResult } = await import('../src/cli/report-result.js')
        const request = { paths: pathsOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const result = await requestMasterChange(
          request,
          { kind: 'switchover', to: options.to ?? null, force: false },
          output,
        )
        return reportResult(output, name, result)
      }),
    )
}

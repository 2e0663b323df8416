import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function promoteCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('promote'))
    .summary('take over from the outside Redis of spec.bootstrap')
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
        const { requestMasterChange } = await import('../src/cli/send-request.js')
        const { reportResult } = await import('../src/cli/report-result.js')
        const request = { paths: pathsOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const wanted = { kind: 'take-over', to: null, force: options.force === true } as const
        const result = await requestMasterChange(request, wanted, output)
        return reportResult(output, name, result)
      }),
    )
}

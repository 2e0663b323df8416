import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function failoverCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('failover'))
    .summary('replace a master that is dead or hung')
    .description(
      'replace a master that is dead, hung or in doubt; with --force also by a node that may lack writes, which are then lost',
    )
    .argument('<flotilla>', 'which one')
    .addOption(new Option('--to <ordinal>', 'the node that is to be master').argParser(parseCount))
    .option(
      '--force',
      'in spite of what speaks against it; what the old master has and the new one has not is set aside, not merged',
    )
    .addOption(
      new Option('--timeout <seconds>', 'give up waiting for the answer after this long')
        .argParser(parseCount)
        .default(30),
    )
    .addHelpText('after', example('flotilla failover shop', 'flotilla failover shop --to 1 --force'))
    .action((name: string, options: { to?: number; force?: true; timeout: number }, command: Command) =>
      runVerb(output, async () => {
        const { requestMasterChange } = await import('../src/cli/send-request.js')
        const { reportResult } = await import('../src/cli/report-result.js')
        const request = { paths: pathsOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const wanted = { kind: 'failover' as const, to: options.to ?? null, force: options.force === true }
        const result = await requestMasterChange(request, wanted, output)
        return reportResult(output, name, result)
      }),
    )
}

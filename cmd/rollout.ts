import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function rolloutCommand(context: CommandContext): Command {
  const rollout = new Command('rollout')
    .summary('approve the last step of a roll')
    .description('what a person says to a roll')
    .addHelpText('after', example('flotilla rollout approve shop'))
  rollout.addCommand(approveCommand(context))
  return rollout
}

function approveCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('approve'))
    .description(
      'let a roll replace the master now, its last step, where spec.update.master keeps that for a person or a window',
    )
    .argument('<flotilla>', 'which one')
    .addOption(
      new Option('--timeout <seconds>', 'give up waiting for the answer after this long')
        .argParser(parseCount)
        .default(30),
    )
    .addHelpText('after', example('flotilla rollout approve shop'))
    .action((name: string, options: { timeout: number }, command: Command) =>
      runVerb(output, async () => {
        const { requestMasterChange } = await import('../src/cli/send-request.js')
        const { reportResult } = await import('../src/cli/report-result.js')
        const request = { paths: pathsOf(command), env, name, timeoutMs: options.timeout * 1_000 }
        const wanted = { kind: 'approve', to: null, force: false } as const
        return reportResult(output, name, await requestMasterChange(request, wanted, output))
      }),
    )
}

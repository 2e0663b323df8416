import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function claimCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('claim'))
    .summary('take over what another, lost state directory had made')
    .description(
      'take over containers, network and volumes that carry the labels of a flotilla and were made with another state directory, such as one that was lost; lists them and asks first',
    )
    .argument('<flotilla>', 'whose labels they carry')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', example('flotilla claim shop'))
    .action((name: string, options: { yes?: true }, command: Command) =>
      runVerb(output, async () => {
        const { claim } = await import('../src/cli/claim.js')
        const done = await claim({ paths: pathsOf(command), env, name, yes: options.yes === true }, output)
        return done ? exitCode.done : exitCode.failed
      }),
    )
}

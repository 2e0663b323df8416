import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function rotateCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('rotate'))
    .summary('make new passwords on running nodes')
    .description(
      'make new passwords, on running nodes: accepted beside the old ones first, then used, and the old ones refused after spec.auth.overlap',
    )
    .argument('<flotilla>', 'which one')
    .addOption(
      new Option(
        '--user <name...>',
        'of whom; left out: flotilla and replication, with which Flotilla itself and the replicas log in',
      ),
    )
    .addHelpText('after', example('flotilla rotate shop', 'flotilla rotate shop --user default'))
    .action((name: string, options: { user?: string[] }, command: Command) =>
      runVerb(output, async () => {
        const { requestRotation } = await import('../src/cli/rotate.js')
        output.result(await requestRotation({ paths: pathsOf(command), env, name }, options.user ?? null))
        return exitCode.done
      }),
    )
}

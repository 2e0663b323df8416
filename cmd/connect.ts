import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function connectCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('connect'))
    .description('print the URL of the master, and where the password is (never the password itself)')
    .argument('<flotilla>', 'which one')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      example(
        'flotilla connect shop',
        'docker run --rm --network shop -e REDISCLI_AUTH="$(cat state/secrets/shop.password)" redis:8 redis-cli -u "$(flotilla connect shop | head -1)" ping',
      ),
    )
    .action((name: string, options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { connectText } = await import('../src/cli/connect.js')
        output.result(await connectText({ paths: pathsOf(command), env, name, format: options.output }))
        return exitCode.done
      }),
    )
}

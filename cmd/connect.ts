import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function connectCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('connect'))
    .summary('print the URL of the master, and where its password is')
    .description(
      'print the URL of the master, and where the password is; the password itself only where asked',
    )
    .argument('<flotilla>', 'which one')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--show-password', 'print the password of the user default too')
    .addHelpText(
      'after',
      example(
        'flotilla connect shop',
        'docker run --rm --network shop -e REDISCLI_AUTH="$(cat state/secrets/shop.password)" redis:8 redis-cli -u "$(flotilla connect shop | head -1)" ping',
      ),
    )
    .action((name: string, options: { output: 'text' | 'json'; showPassword?: true }, command: Command) =>
      runVerb(output, async () => {
        const { connectText } = await import('../src/cli/connect.js')
        const { output: format, showPassword = false } = options
        output.result(await connectText({ paths: pathsOf(command), env, name, format, showPassword }))
        return exitCode.done
      }),
    )
}

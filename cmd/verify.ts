import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { asUser, example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function verifyCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('verify'))
    .summary('write through the master, read on every replica')
    .description('write through the master and read on every replica, as a client would')
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(
      new Option('--timeout <seconds>', 'how long a replica may take').argParser(parseCount).default(10),
    )
    .addOption(asUser())
    .addHelpText('after', example('flotilla verify shop'))
    .action((names: string[], options: { timeout: number; user?: string }, command: Command) =>
      runVerb(output, async () => {
        const { verify } = await import('../src/cli/verify.js')
        const { text, passed } = await verify({
          paths: pathsOf(command),
          env,
          names,
          user: options.user ?? null,
          timeoutMs: options.timeout * 1_000,
        })
        output.result(text)
        return passed ? exitCode.done : exitCode.failed
      }),
    )
}

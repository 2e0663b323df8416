import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function restartCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('restart'))
    .summary('recreate nodes on their volumes, one at a time')
    .description(
      'recreate nodes on their volumes, one after the other, the master last and after a switchover; a node that is CrashLooping is tried at once',
    )
    .argument('<flotilla>', 'which one')
    .addOption(new Option('--node <ordinal>', 'just that one').argParser(parseCount))
    .addHelpText('after', example('flotilla restart shop', 'flotilla restart shop --node 1'))
    .action((name: string, options: { node?: number }, command: Command) =>
      runVerb(output, async () => {
        const { requestRestart } = await import('../src/cli/send-request.js')
        output.result(await requestRestart({ paths: pathsOf(command), env, name }, options.node ?? null))
        return exitCode.done
      }),
    )
}

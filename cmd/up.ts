import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function upCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('up'))
    .summary('reconcile once, show progress and end; needs no daemon')
    .description(
      'reconcile until everything is as the manifests ask, showing progress, then end; beside a daemon it only watches',
    )
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(
      new Option('--timeout <seconds>', 'give up after this long').argParser(parseCount).default(300),
    )
    .addHelpText('after', example('flotilla up', 'flotilla up shop --timeout 60'))
    .action((names: string[], options: { timeout: number }, command: Command) =>
      runVerb(output, async () => {
        const { bringUp } = await import('../src/cli/up.js')
        const { allReady, manifestsBroken } = await bringUp(
          { paths: pathsOf(command), env, names, timeoutMs: options.timeout * 1_000 },
          output,
        )
        if (!allReady) return exitCode.notSettled
        return manifestsBroken ? exitCode.usage : exitCode.done
      }),
    )
}

import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

interface StatusOptions {
  readonly output: 'text' | 'wide' | 'json' | 'yaml' | 'name'
  readonly watch?: true
  readonly check?: true
}

export function statusCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('status'))
    .summary('nodes, conditions, and how to fix what is wrong')
    .description(
      'how the flotillas are, what is wrong and how to fix it; asks the nodes themselves, with or without a daemon (the list of several: what a running daemon saw seconds ago)',
    )
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['text', 'wide', 'json', 'yaml', 'name'])
        .default('text'),
    )
    .option(
      '-w, --watch',
      'go on, refreshed every second; in a pipe, printed again whenever something has changed',
    )
    .option(
      '--check',
      'exit with 1 unless there are flotillas, their manifests are in order, and every one of them is Ready',
    )
    .addHelpText(
      'after',
      example(
        'flotilla status',
        'flotilla status shop -w',
        'flotilla status shop -o wide',
        'flotilla status --check && echo well',
      ),
    )
    .action((names: string[], options: StatusOptions, command: Command) =>
      runVerb(output, async () => {
        if (names.length === 0 && options.output === 'text' && !options.watch && !options.check) {
          const { showCachedStatusList } = await import('../src/cli/cached-status-list.js')
          if (await showCachedStatusList(pathsOf(command), output)) return exitCode.done
        }
        const request = { paths: pathsOf(command), env, names, format: options.output }
        if (options.output === 'name' && options.check !== true && options.watch !== true) {
          const { showNames } = await import('../src/cli/status-names.js')
          await showNames(request, output)
          return exitCode.done
        }
        const { showStatus, watchStatus } = await import('../src/cli/status.js')
        const allReady = await (options.watch === true ? watchStatus : showStatus)(request, output)
        return options.check === true && !allReady ? exitCode.failed : exitCode.done
      }),
    )
}

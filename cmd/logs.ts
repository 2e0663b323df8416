import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import {
  example,
  parseCount,
  withPathOptions,
  type CommandContext,
  linesFormatOption,
  sinceOption,
} from './context.js'

interface LogsOptions {
  readonly node?: number
  readonly follow?: true
  readonly since?: string
  readonly tail?: number
  readonly output: 'text' | 'json'
}

export function logsCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('logs'))
    .summary('the logs of all nodes, merged by time')
    .description('what the nodes of a flotilla have logged, merged by time, each line behind its node')
    .argument('<flotilla>', 'which one')
    .addOption(new Option('--node <ordinal>', 'of that node alone').argParser(parseCount))
    .option('-f, --follow', 'go on, also when a node is restarted, recreated or renamed')
    .addOption(sinceOption())
    .addOption(
      new Option(
        '--tail <count>',
        'the last so many of each node (default: 100; with --since all)',
      ).argParser(parseCount),
    )
    .addOption(linesFormatOption())
    .addHelpText(
      'after',
      example(
        'flotilla logs shop',
        'flotilla logs shop -f --tail 10',
        'flotilla logs shop --node 0 --since 5m',
      ),
    )
    .action((name: string, options: LogsOptions) =>
      runVerb(output, async () => {
        const { showLogs } = await import('../src/cli/logs.js')
        await showLogs(
          {
            env,
            name,
            ordinal: options.node ?? null,
            follow: options.follow === true,
            since: options.since ?? null,
            tailLines: options.tail ?? null,
            format: options.output,
          },
          output,
        )
        return exitCode.done
      }),
    )
}

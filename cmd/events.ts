import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import {
  collect,
  example,
  parseCount,
  pathsOf,
  withPathOptions,
  type CommandContext,
  linesFormatOption,
  sinceOption,
} from './context.js'

interface EventsOptions {
  readonly follow?: true
  readonly since?: string
  readonly last?: number
  readonly level: 'info' | 'warn' | 'error'
  readonly code: readonly string[]
  readonly output: 'text' | 'json'
}

export function eventsCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('events'))
    .summary('what has happened, from the journal')
    .description('what has happened, from the journal in the state directory; asks no engine and no daemon')
    .argument('[flotilla...]', 'of which ones (default: all)')
    .option('-f, --follow', 'go on, and print each event as it happens')
    .addOption(sinceOption())
    .addOption(
      new Option('-n, --last <count>', 'the newest so many (default: 100; with --since all)').argParser(
        parseCount,
      ),
    )
    .addOption(
      new Option('--level <level>', 'this level and graver ones')
        .choices(['info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--code <code>', 'only such events, `*` stands for anything; may be given several times')
        .argParser(collect)
        .default([], 'all'),
    )
    .addOption(linesFormatOption())
    .addHelpText(
      'after',
      example(
        'flotilla events shop --since 1h',
        'flotilla events --level warn -f',
        "flotilla events --code 'failover.*' --code master.changed -o json",
      ),
    )
    .action((names: string[], options: EventsOptions, command: Command) =>
      runVerb(output, async () => {
        const { showEvents } = await import('../src/cli/events.js')
        await showEvents(
          {
            paths: pathsOf(command),
            names,
            level: options.level,
            codes: options.code,
            since: options.since ?? null,
            last: options.last ?? null,
            follow: options.follow === true,
            format: options.output,
          },
          output,
        )
        return exitCode.done
      }),
    )
}

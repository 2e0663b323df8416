import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function gcCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('gc'))
    .summary('list leftovers of Flotilla, and remove them if asked')
    .description(
      'list what is ours and wanted by nobody (volumes of nodes that were scaled away, older data set aside by failovers), and with --yes remove it',
    )
    .option('-y, --yes', 'remove what is listed; it can not be brought back')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla gc', 'flotilla gc --yes'))
    .action((options: { yes?: true; output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { collectGarbage } = await import('../src/cli/gc/gc.js')
        const all = await collectGarbage(
          { paths: pathsOf(command), env, yes: options.yes === true, format: options.output },
          output,
        )
        return all ? exitCode.done : exitCode.failed
      }),
    )
}

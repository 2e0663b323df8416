import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { createPaint } from '../src/cli/paint.js'
import { example, placesOf, withPlaces, type CommandContext } from './context.js'

export function planCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('plan'))
    .description(
      'show what would be done, why, what it disrupts, what is waited for and what is refused; changes nothing',
    )
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--exit-code', 'exit with 0 when there is nothing to do, and with 4 when there is')
    .addHelpText('after', example('flotilla plan', 'flotilla plan shop -o json', 'flotilla plan --exit-code'))
    .action((names: string[], options: { output: 'text' | 'json'; exitCode?: true }, command: Command) =>
      runVerb(output, async () => {
        const { nobodyActs, whoActs } = await import('../src/cli/acting.js')
        const { bringsChange, plansJson, plansOf, plansText } = await import('../src/cli/plan.js')
        const places = placesOf(command)
        const { plans, problems } = await plansOf({ places, env, names })
        const acting = await whoActs(places)
        const view = { columns: output.columns, paint: createPaint(output.colour) }
        output.result(
          options.output === 'json'
            ? plansJson(plans, acting)
            : nobodyActs(acting, places, view) + plansText(plans, view),
        )
        for (const problem of problems) output.note(`manifest: ${problem}`)
        if (problems.length > 0) return exitCode.usage
        return options.exitCode === true && bringsChange(plans) ? exitCode.changes : exitCode.done
      }),
    )
}

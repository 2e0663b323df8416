import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { createColors } from '../src/cli/colors.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function planCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('plan'))
    .summary('what would be done and why; changes nothing')
    .description(
      'show what would be done, why, what it disrupts, what is waited for and what is refused; changes nothing',
    )
    .argument('[flotilla...]', 'which ones (default: all)')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--exit-code', 'exit with 0 when there is nothing to do, and with 4 when there is')
    .addHelpText('after', example('flotilla plan', 'flotilla plan shop -o json', 'flotilla plan --exit-code'))
    .action((names: string[], options: { output: 'text' | 'json'; exitCode?: true }, command: Command) =>
      runVerb(output, async () => {
        const { noReconciler, findReconciler } = await import('../src/cli/active-reconciler.js')
        const { hasChanges, plansJson, plansOf, plansText } = await import('../src/cli/plan.js')
        const paths = pathsOf(command)
        const { plans, problems } = await plansOf({ paths, env, names })
        const reconciler = await findReconciler(paths)
        const context = { columns: output.columns, colors: createColors(output.color) }
        output.result(
          options.output === 'json'
            ? plansJson(plans, reconciler)
            : noReconciler(reconciler, paths, context) + plansText(plans, context),
        )
        for (const problem of problems) output.note(`manifest: ${problem}`)
        if (problems.length > 0) return exitCode.usage
        return options.exitCode === true && hasChanges(plans) ? exitCode.changes : exitCode.done
      }),
    )
}

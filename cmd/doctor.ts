import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function doctorCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('doctor'))
    .summary('check engine, host, state directory, manifests and nodes')
    .description(
      'check what Flotilla stands on (engine, host, state directory, manifests, nodes), and suggest fixes; exits 1 on a failure, not on a warning',
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      example('flotilla doctor', `flotilla doctor -o json | jq '.checks[] | select(.verdict != "ok")'`),
    )
    .action((options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { runDoctor } = await import('../src/cli/doctor/doctor.js')
        const request = { paths: pathsOf(command), env, format: options.output }
        return (await runDoctor(request, output)) ? exitCode.done : exitCode.failed
      }),
    )
}

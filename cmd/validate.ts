import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function validateCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('validate'))
    .summary('check manifests; needs no engine')
    .description('check the manifests and say what is wrong with them, where, and what to write')
    .argument('[path]', 'a manifest or a directory of them (default: --manifests)')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla validate manifests/shop.yaml'))
    .action((path: string | undefined, options: { output: 'text' | 'json' }, command: Command) =>
      runVerb(output, async () => {
        const { validate } = await import('../src/cli/validate.js')
        const { readPolicy } = await import('../src/manifest/policy-file.js')
        const { manifests, policy: named, state } = pathsOf(command)
        const policy = await readPolicy(named, state)
        const { text, valid } = await validate(path ?? manifests, policy, options.output)
        output.result(text)
        return valid ? exitCode.done : exitCode.usage
      }),
    )
}

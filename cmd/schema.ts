import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, type CommandContext } from './context.js'

export function schemaCommand({ output }: CommandContext): Command {
  return new Command('schema')
    .summary('print the JSON Schema of a manifest')
    .description('print the JSON Schema of a manifest, for editors')
    .addHelpText('after', example('flotilla schema > manifests/flotilla.schema.json'))
    .action(() =>
      runVerb(output, async () => {
        const { manifestJsonSchemaText } = await import('../src/manifest/json-schema.js')
        output.result(manifestJsonSchemaText())
        return exitCode.done
      }),
    )
}

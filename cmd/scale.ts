import { Argument, Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function scaleCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('scale'))
    .summary('change the number of replicas in the manifest')
    .description('change the number of replicas in the manifest, every other byte kept')
    .argument('<flotilla>', 'which one')
    .addArgument(new Argument('<replicas>', 'replicas beside the one master').argParser(parseCount))
    .addHelpText('after', example('flotilla scale shop 4'))
    .action((name: string, replicas: number, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { scale } = await import('../src/session/scale.js')
        output.result(await scale(pathsOf(command), name, replicas))
        return exitCode.done
      }),
    )
}

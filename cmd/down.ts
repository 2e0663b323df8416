import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function downCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('down'))
    .summary('remove containers and network, and the data if asked')
    .description('remove what is ours: containers and network, and with --volumes the data; asks first')
    .argument('[flotilla...]', 'which ones (default: all)')
    .option('--volumes', 'the data too; it can not be brought back')
    .option('--images', 'the images that the manifests name too, when nothing else uses them')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', example('flotilla down shop', 'flotilla down --volumes --images --yes'))
    .action((names: string[], options: { volumes?: true; images?: true; yes?: true }, command: Command) =>
      runVerb(output, async () => {
        const { tearDown } = await import('../src/cli/down.js')
        const done = await tearDown(
          {
            paths: pathsOf(command),
            env,
            names,
            removeVolumes: options.volumes === true,
            imagesToo: options.images === true,
            yes: options.yes === true,
          },
          output,
        )
        return done ? exitCode.done : exitCode.failed
      }),
    )
}

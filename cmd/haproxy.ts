import { Command, InvalidArgumentError, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function haproxyCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('haproxy'))
    .summary('print a HAProxy configuration, for a HAProxy of your own')
    .description('print a configuration of HAProxy: the master on one port, the replicas on another')
    .argument('<flotilla>', 'which one')
    .addOption(
      new Option('--master-port <port>', 'where it listens for who writes')
        .argParser(parseCount)
        .default(6379),
    )
    .addOption(
      new Option('--replicas-port <port>', 'where it listens for who only reads')
        .argParser(parseCount)
        .default(6380),
    )
    .addOption(
      new Option('--lag <size>', 'the most that a replica may be behind, such as 1mb').argParser(parseSize),
    )
    .addOption(
      new Option('--socket <path>', 'the socket of the daemon, as HAProxy sees it').default(
        '/run/flotilla/http.sock',
      ),
    )
    .addHelpText('after', example('flotilla haproxy shop > haproxy.cfg', 'flotilla haproxy shop --lag 1mb'))
    .action(
      (
        name: string,
        options: { masterPort: number; replicasPort: number; lag?: string; socket: string },
        command: Command,
      ) =>
        runVerb(output, async () => {
          const { haproxyText } = await import('../src/cli/haproxy.js')
          const { lag = null, ...rest } = options
          output.result(await haproxyText(pathsOf(command), name, { ...rest, lag }))
          return exitCode.done
        }),
    )
}

function parseSize(text: string): string {
  if (!/^\d{1,15}(kb|mb|gb)?$/i.test(text))
    throw new InvalidArgumentError('It must be a number of bytes, or one with kb, mb or gb.')
  return text.toLowerCase()
}

import { Command, Option } from 'commander'
import { runVerb } from '../src/cli/output.js'
import { asUser, example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function cliCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('cli'))
    .description('redis-cli on the master (or another node), logged in')
    .argument('<flotilla>', 'which one')
    .argument('[command...]', 'what redis-cli is to run; without it, interactive')
    .addOption(new Option('--node <ordinal>', 'that node instead of the master').argParser(parseCount))
    .addOption(
      new Option(
        '--control',
        'as the user flotilla, which looks after a node (CONFIG, CLIENT, BGSAVE, ACL) and sees no data',
      ),
    )
    .addOption(asUser().conflicts('control'))
    .passThroughOptions()
    .addHelpText(
      'after',
      example(
        'flotilla cli shop',
        'flotilla cli shop set hello world',
        'flotilla cli --node 1 shop get hello',
        'flotilla cli --user reporting shop get hello',
        'flotilla cli --control shop client list',
      ),
    )
    .action(
      (
        name: string,
        args: string[],
        options: { node?: number; control?: true; user?: string },
        command: Command,
      ) =>
        runVerb(output, async () => {
          const { runRedisCli } = await import('../src/cli/redis-cli.js')
          const as = options.control === true ? 'control' : { user: options.user ?? null }
          return runRedisCli({
            ...{ paths: pathsOf(command), env, name, args, as },
            ordinal: options.node ?? null,
          })
        }),
    )
}

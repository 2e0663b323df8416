import { Command, Option } from 'commander'
import { FlotillaError } from '../src/errors.js'
import { runVerb } from '../src/cli/output.js'
import { asUser, example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function cliCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('cli'))
    .summary('run redis-cli on a node, logged in')
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
          const { node = options.node ?? null, control = options.control, rest } = leadingOptions(args)
          const as = control === true ? 'control' : { user: options.user ?? null }
          return runRedisCli({ ...{ paths: pathsOf(command), env, name, args: rest, as }, ordinal: node })
        }),
    )
}

/**
 * What follows the flotilla's name is redis-cli's. `--node` and `--control` are no options of it, so whoever
 * writes them there means ours.
 */
function leadingOptions(args: readonly string[]): { node?: number; control?: true; rest: string[] } {
  const [first = '', second = '', ...others] = args
  if (first === '--control') return { ...leadingOptions(args.slice(1)), control: true }
  if (first === '--node') return { ...leadingOptions(others), node: ordinalFrom(second) }
  if (first.startsWith('--node='))
    return { ...leadingOptions(args.slice(1)), node: ordinalFrom(first.slice('--node='.length)) }
  return { rest: [...args] }
}

function ordinalFrom(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new FlotillaError('usage/invalid', `--node ${text}: it must be a whole number, 0 or more`)
  return Number(text)
}

import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, placesOf, withPlaces, type CommandContext } from './context.js'

export function adoptCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('adopt'))
    .description(
      'take over a master and replicas that were started by hand, losing no write; shows what it does, and asks',
    )
    .argument('<container...>', 'their containers: the master, and its replicas')
    .option('--name <flotilla>', "what the flotilla is called (default: after the master's container)")
    .option('--user <user>', 'the ACL user to log in to them as')
    .option('--password-file <file>', 'a file that holds nothing but their password')
    .option('--follow-only', 'only follow; the take-over is left to: flotilla promote')
    .option('-y, --yes', 'do not ask')
    .addOption(
      new Option('--timeout <seconds>', 'give up waiting for each step after this long')
        .argParser(parseCount)
        .default(300),
    )
    .addHelpText(
      'after',
      example(
        'flotilla adopt redis-master redis-slave1 redis-slave2',
        'flotilla adopt redis-master --name shop --password-file ./redis.password --follow-only',
      ),
    )
    .action((containers: string[], options: AdoptOptions, command: Command) =>
      runVerb(output, async () => {
        const { adopt } = await import('../src/cli/adopt/adopt.js')
        const done = await adopt(
          {
            places: placesOf(command),
            env,
            containers,
            name: options.name ?? null,
            user: options.user ?? null,
            passwordFile: options.passwordFile ?? null,
            followOnly: options.followOnly === true,
            yes: options.yes === true,
            timeoutMs: options.timeout * 1_000,
          },
          output,
        )
        return done ? exitCode.done : exitCode.notSettled
      }),
    )
}

interface AdoptOptions {
  readonly name?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly followOnly?: true
  readonly yes?: true
  readonly timeout: number
}

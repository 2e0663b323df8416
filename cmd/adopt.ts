import { Command, InvalidArgumentError, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, parseCount, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function adoptCommand({ env, output }: CommandContext): Command {
  return withPathOptions(new Command('adopt'))
    .summary('take over a master and replicas that were started by hand')
    .description(
      'take over a master and replicas that were started by hand, losing no write; shows what it does, and asks',
    )
    .argument(
      '<container...>',
      'their containers, the master and its replicas; container:port for another port',
    )
    .option('--name <flotilla>', "what the flotilla is called (default: after the master's container)")
    .option('--user <user>', 'the ACL user to log in to them as')
    .option('--password-file <file>', 'a file that holds nothing but their password')
    .addOption(
      new Option(
        '--user-password-file <user=file>',
        'a file that holds the password of another ACL user, who is taken over then; once for each',
      ).argParser(collectUserFile),
    )
    .addOption(new Option('--port <port>', 'where their Redis listens').argParser(parsePort).default(6_379))
    .option('--follow-only', 'only follow; the take-over is left to: flotilla promote')
    .option(
      '--remove-sentinels',
      'have Sentinels that watch them forget them, right before the take-over (SENTINEL REMOVE)',
    )
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
        'flotilla adopt redis-master:6380 --user admin --password-file ./admin.password --user-password-file app=./app.password',
      ),
    )
    .action((containers: string[], options: AdoptOptions, command: Command) =>
      runVerb(output, async () => {
        const { adopt } = await import('../src/cli/adopt/adopt.js')
        const done = await adopt(
          {
            paths: pathsOf(command),
            env,
            containers: containers.map(text => parseNamedContainer(text, options.port)),
            name: options.name ?? null,
            user: options.user ?? null,
            passwordFile: options.passwordFile ?? null,
            userPasswordFiles: options.userPasswordFile ?? new Map<string, string>(),
            followOnly: options.followOnly === true,
            removeSentinels: options.removeSentinels === true,
            yes: options.yes === true,
            timeoutMs: options.timeout * 1_000,
          },
          output,
        )
        return done ? exitCode.done : exitCode.notSettled
      }),
    )
}

/** For commander: `app=./app.password`, once for each user. */
function collectUserFile(text: string, before?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, user, file] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (user === undefined || file === undefined)
    throw new InvalidArgumentError('Write whose it is before it: app=./app.password')
  return new Map([...(before ?? []), [user, file]])
}

function parsePort(text: string): number {
  const port = parseCount(text)
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('It must be a port, 1 to 65535.')
  return port
}

/** A container's name has no colon in it. */
function parseNamedContainer(
  text: string,
  port: number,
): { readonly container: string; readonly port: number } {
  const [, container, own] = /^([^:]+):(\d{1,5})$/.exec(text) ?? []
  return container === undefined ? { container: text, port } : { container, port: Number(own) }
}

interface AdoptOptions {
  readonly name?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly userPasswordFile?: ReadonlyMap<string, string>
  readonly port: number
  readonly followOnly?: true
  readonly removeSentinels?: true
  readonly yes?: true
  readonly timeout: number
}

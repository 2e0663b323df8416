import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import type { HttpFlags } from '../src/daemon/http-setting.js'
import type { SentinelFlags } from '../src/daemon/sentinel-setting.js'
import { raisePriority } from '../src/process-priority.js'
import { limitHeapGrowth } from '../src/daemon/heap-options.js'
import type { LogFormat, LogLevel } from '../src/events/log.js'
import { defaultHttpAddress } from '../src/http/address.js'
import type { DeletionPolicy } from '../src/model/spec.js'
import { example, parseTime, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function runCommand(context: CommandContext): Command {
  const { output } = context
  return withServiceOptions(withDaemonOptions(withPathOptions(new Command('run'))))
    .summary('watch the manifests and keep the containers as they ask')
    .description('run the daemon: watch the manifests and keep the containers as they ask')
    .addHelpText(
      'after',
      example(
        'flotilla run --manifests /etc/flotilla --state /var/lib/flotilla',
        'flotilla run --log-level debug | jq .',
        'flotilla run --http 127.0.0.1:8379,unix:/run/flotilla/http.sock',
        'flotilla run --standby',
        'flotilla run --sentinel 127.0.0.1:26379 --sentinel 172.17.0.1:26379',
      ),
    )
    .action((options: RunFlags, command: Command) => runVerb(output, () => run(context, options, command)))
}

function withDaemonOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--log-format <format>',
        'how a line looks; auto is pretty on a terminal, journald under systemd, else json',
      )
        .choices(['auto', 'json', 'journald', 'pretty'])
        .env('FLOTILLA_LOG_FORMAT')
        .default('auto'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .env('FLOTILLA_LOG_LEVEL')
        .default('info'),
    )
    .addOption(
      new Option(
        '--notify <file>',
        'who is told of failovers, holds and recoveries: a webhook, a command (docs/notifications.md)',
      ).env('FLOTILLA_NOTIFY'),
    )
    .option('--standby', 'where another daemon has the state directory, wait for its end and take over')
    .addOption(
      new Option(
        '--deletion-grace <time>',
        'how long a flotilla is kept whose manifest is missing (default: 30s, and 5m where its data would go)',
      )
        .env('FLOTILLA_DELETION_GRACE')
        .argParser(parseTime),
    )
}

/** What it answers, and where. */
function withServiceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--http <where>',
        'where health, metrics and the API answer: host:port, unix:/path, several with commas, or off',
      )
        .env('FLOTILLA_HTTP')
        .default(defaultHttpAddress),
    )
    .option('--http-name <name...>', 'names that clients may call it by, beside addresses and localhost')
    .option('--http-tls-cert <file>', 'PEM certificate; needed to answer beyond this machine')
    .option('--http-tls-key <file>', 'its key')
    .addOption(
      new Option(
        '--sentinel <where>',
        'where it answers clients that ask Redis Sentinels: address:port, several with commas or by repeating it',
      )
        .env('FLOTILLA_SENTINEL')
        .argParser(collect),
    )
    .addOption(
      new Option(
        '--sentinel-password-file <file>',
        'what these clients log in with; needed beyond loopback and the bridges of Docker',
      ).env('FLOTILLA_SENTINEL_PASSWORD_FILE'),
    )
}

type RunFlags = HttpFlags &
  SentinelFlags & {
    readonly logFormat: 'auto' | LogFormat
    readonly logLevel: LogLevel
    readonly notify?: string
    readonly standby?: true
    readonly deletionGrace?: number
  }

async function run({ env, output }: CommandContext, options: RunFlags, command: Command): Promise<number> {
  limitHeapGrowth()
  raisePriority()
  const { openLogDestination } = await import('../src/events/log-destination.js')
  const { LogWriter } = await import('../src/events/log-writer.js')
  const { systemClock } = await import('../src/clock.js')
  const { createLog } = await import('../src/events/log.js')
  const { runDaemon } = await import('../src/daemon/daemon.js')
  const { readHttpSetting } = await import('../src/daemon/http-setting.js')
  const { readSentinelSetting } = await import('../src/daemon/sentinel-setting.js')
  const { liveStatus } = await import('../src/cli/live-status.js')
  const { isSystemdJournal } = await import('../src/events/systemd-journal.js')
  const defaultFormat = output.stdoutIsTerminal
    ? 'pretty'
    : isSystemdJournal(env['JOURNAL_STREAM'], 1)
      ? 'journald'
      : 'json'
  const out = new LogWriter(openLogDestination(1), { clock: systemClock })
  process.on('exit', () => out.flushNow())
  const format = options.logFormat === 'auto' ? defaultFormat : options.logFormat
  const log = createLog({ level: options.logLevel, format, color: output.color }, out)
  const print = (text: string): void => out.write(text)
  await runDaemon({
    paths: pathsOf(command),
    env,
    log,
    http: readHttpSetting(options, command.getOptionValueSource('http') !== 'default'),
    sentinel: await readSentinelSetting(options),
    signals: process,
    stopSignal: terminationSignal(),
    notify: options.notify ?? null,
    standby: options.standby ?? false,
    graceMs: ({ deletionPolicy }) => options.deletionGrace ?? defaultGraceMs(deletionPolicy),
    ...(output.stdoutIsTerminal ? { onStatus: liveStatus({ ...output, result: print }) } : {}),
  })
  await out.end(logDrainMs)
  return exitCode.done
}

/** An option that may be given several times. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** How long the end waits for a reader that is behind. */
const logDrainMs = 1_000

/**
 * Half a minute outlasts a checkout and a mount that comes late; what can't be brought back gets the time
 * that a person needs to notice.
 */
function defaultGraceMs(policy: DeletionPolicy): number {
  return policy === 'Delete' ? 300_000 : 30_000
}

/** The first SIGTERM or SIGINT asks for an orderly end; a second one ends at once. */
function terminationSignal(): Promise<string> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (asked) process.exit(signal === 'SIGINT' ? 130 : 143)
        asked = true
        resolve(signal)
      })
  })
}

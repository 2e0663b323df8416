import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { keepHeapSmall } from '../src/daemon/small-heap.js'
import { example, placesOf, withPlaces, type CommandContext } from './context.js'

export function runCommand({ env, output }: CommandContext): Command {
  return withPlaces(new Command('run'))
    .description('run the daemon: watch the manifests and keep the containers as they ask')
    .addOption(
      new Option('--log-format <format>', 'json, pretty, or auto (pretty on a terminal)')
        .choices(['auto', 'json', 'pretty'])
        .env('FLOTILLA_LOG_FORMAT')
        .default('auto'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .env('FLOTILLA_LOG_LEVEL')
        .default('info'),
    )
    .addHelpText(
      'after',
      example(
        'flotilla run --manifests /etc/flotilla --state /var/lib/flotilla',
        'flotilla run --log-level debug | jq .',
      ),
    )
    .action(
      (
        options: { logFormat: 'auto' | 'json' | 'pretty'; logLevel: 'debug' | 'info' | 'warn' | 'error' },
        command: Command,
      ) =>
        runVerb(output, async () => {
          keepHeapSmall()
          const { createLog } = await import('../src/events/log.js')
          const { runDaemon } = await import('../src/daemon/daemon.js')
          const { liveStatus } = await import('../src/cli/live-status.js')
          const pretty =
            options.logFormat === 'pretty' || (options.logFormat === 'auto' && output.stdoutIsTerminal)
          const events = createLog({
            level: options.logLevel,
            format: pretty ? 'pretty' : 'json',
            colour: output.colour,
          })
          await runDaemon({
            places: placesOf(command),
            env,
            events,
            ended: terminationSignal(),
            ...(output.stdoutIsTerminal ? { onStatus: liveStatus(text => output.result(text)) } : {}),
          })
          return exitCode.done
        }),
    )
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

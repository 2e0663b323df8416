import { Command, Option } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, type CommandContext } from './context.js'

export function serviceCommand(context: CommandContext): Command {
  const service = new Command('service')
    .summary('run the daemon under systemd')
    .description('run the daemon under systemd: start it at boot, bring it back when it fails')
    .addHelpText(
      'after',
      example(
        'flotilla service install --print | less',
        'sudo flotilla service install --manifests /etc/flotilla --state /var/lib/flotilla',
        'flotilla service status',
      ),
    )
  service.addCommand(installCommand(context))
  service.addCommand(uninstallCommand(context))
  service.addCommand(statusCommand(context))
  return service
}

function installCommand({ env, output }: CommandContext): Command {
  return new Command('install')
    .description('write the unit, start the daemon, and start it at every boot; again, to change a setting')
    .addOption(
      new Option('--manifests <path>', 'a manifest or a directory of them')
        .env('FLOTILLA_MANIFESTS')
        .default('/etc/flotilla'),
    )
    .addOption(
      new Option('--state <dir>', 'what Flotilla remembers; the daemon runs as its owner')
        .env('FLOTILLA_STATE')
        .default('/var/lib/flotilla'),
    )
    .option('--no-start', 'write and enable only')
    .option('--print', 'print the unit, and change nothing')
    .addHelpText(
      'after',
      example(
        'flotilla service install --print',
        'sudo flotilla service install --manifests /srv/flotilla/manifests',
      ),
    )
    .action((options: { manifests: string; state: string; start: boolean; print?: true }) =>
      runVerb(output, async () => {
        const { unitSetting } = await import('../src/cli/service/setting.js')
        const setting = unitSetting(options, env)
        if (options.print === true) {
          const { renderUnit } = await import('../src/cli/service/unit.js')
          output.result(renderUnit(setting))
          return exitCode.done
        }
        const { installService } = await import('../src/cli/service/service.js')
        const { hostSystemd } = await import('../src/cli/service/systemd.js')
        await installService(hostSystemd(env), setting, { start: options.start, output })
        return exitCode.done
      }),
    )
}

function uninstallCommand({ env, output }: CommandContext): Command {
  return new Command('uninstall')
    .description('end the daemon and remove the unit; containers, manifests and state stay')
    .addHelpText('after', example('sudo flotilla service uninstall'))
    .action(() =>
      runVerb(output, async () => {
        const { uninstallService } = await import('../src/cli/service/service.js')
        const { hostSystemd } = await import('../src/cli/service/systemd.js')
        await uninstallService(hostSystemd(env), output)
        return exitCode.done
      }),
    )
}

function statusCommand({ env, output }: CommandContext): Command {
  return new Command('status')
    .description(
      'whether the daemon runs under systemd, and what it says of itself; exits 1 when it does not run',
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', example('flotilla service status', 'flotilla service status -o json | jq .active'))
    .action((options: { output: 'text' | 'json' }) =>
      runVerb(output, async () => {
        const { readServiceState, renderServiceState } = await import('../src/cli/service/service.js')
        const { hostSystemd } = await import('../src/cli/service/systemd.js')
        const state = await readServiceState(hostSystemd(env))
        output.result(
          options.output === 'json' ? `${JSON.stringify(state, null, 2)}\n` : renderServiceState(state),
        )
        return state.active ? exitCode.done : exitCode.failed
      }),
    )
}

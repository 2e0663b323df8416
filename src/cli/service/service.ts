import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { errno, isNotFound } from '../../files.js'
import type { Output } from '../output.js'
import { propertiesOf, type Systemd } from './systemd.js'
import { renderUnit, unitName, type UnitSetting } from './unit.js'
import { explainUnreadable, secretsNamedIn, sandboxProperties } from './unreadable-secrets.js'

/**
 * Writes the unit, and starts the daemon, now and at every boot. Doing it again brings a changed setting into
 * force.
 */
export async function installService(
  systemd: Systemd,
  setting: UnitSetting,
  { start, output }: { readonly start: boolean; readonly output: Output },
): Promise<void> {
  requireSystemd(systemd)
  const path = join(systemd.unitFolder, unitName)
  const text = renderUnit(setting)
  const isNew = (await readUnit(path)) !== text
  await prepareFolders(setting, output)
  if (isNew) await writeUnit(path, text)
  output.note(isNew ? `wrote ${path}` : `${path} is as it should be already`)
  await runSystemctl(systemd, 'daemon-reload')
  await runSystemctl(systemd, 'enable', unitName)
  await noteUnreadable(systemd, setting, output)
  if (!start) return output.note(`not started; start it with: systemctl start ${unitName}`)
  await runSystemctl(systemd, 'restart', unitName)
  output.note('the daemon runs, now and after every boot; see: flotilla service status')
}

/** Before the start, which may wait for what the daemon does not get. */
async function noteUnreadable(systemd: Systemd, setting: UnitSetting, output: Output): Promise<void> {
  const secrets = await secretsNamedIn(setting.manifests)
  if (secrets.length === 0) return
  const shown = await runSystemctl(systemd, 'show', unitName, `--property=${sandboxProperties.join(',')}`)
  for (const note of await explainUnreadable(secrets, { setting, shown })) output.note(note)
}

/** Ends the daemon and removes the unit. Containers run on; manifests, state and passwords stay. */
export async function uninstallService(systemd: Systemd, output: Output): Promise<void> {
  requireSystemd(systemd)
  const path = join(systemd.unitFolder, unitName)
  if ((await readUnit(path)) === null) return output.note(`${path} is not there; nothing to do`)
  await runSystemctl(systemd, 'disable', '--now', unitName)
  try {
    await rm(path)
  } catch (error) {
    throw unwritableUnit(path, error)
  }
  await runSystemctl(systemd, 'daemon-reload')
  output.note(`removed ${path}; the containers run on, and nothing brings back what crashes`)
}

export interface ServiceState {
  readonly installed: boolean
  readonly active: boolean
  /** `active (running)`, as systemd says it. */
  readonly state: string
  readonly atBoot: boolean
  readonly pid: number | null
  readonly since: string | null
  readonly restarts: number
  /** What the daemon says of itself. */
  readonly statusText: string | null
}

export async function readServiceState(systemd: Systemd): Promise<ServiceState> {
  requireSystemd(systemd)
  const names =
    'LoadState,ActiveState,SubState,UnitFileState,MainPID,StatusText,ActiveEnterTimestamp,NRestarts'
  const shown = await runSystemctl(systemd, 'show', unitName, `--property=${names}`)
  const fields = new Map(propertiesOf(shown))
  const field = (name: string): string | null => fields.get(name) || null
  return {
    installed: field('LoadState') === 'loaded',
    active: field('ActiveState') === 'active',
    state: `${field('ActiveState') ?? 'unknown'} (${field('SubState') ?? 'unknown'})`,
    atBoot: field('UnitFileState') === 'enabled',
    pid: Number(field('MainPID') ?? 0) || null,
    since: field('ActiveEnterTimestamp'),
    restarts: Number(field('NRestarts') ?? 0),
    statusText: field('StatusText'),
  }
}

export function renderServiceState(state: ServiceState): string {
  if (!state.installed)
    return `${unitName} is not installed; install it with: sudo flotilla service install\n`
  const since = state.since === null ? '' : ` since ${state.since}`
  const lines = [
    `${unitName}: ${state.state}${since}`,
    `  ${state.pid === null ? 'no process' : `pid ${state.pid}`}, restarted ${state.restarts} times by systemd, ${state.atBoot ? 'starts at boot' : `does not start at boot (systemctl enable ${unitName})`}`,
    ...(state.statusText === null ? [] : [`  ${state.statusText}`]),
    ...(state.active
      ? []
      : [`  start it with: systemctl start ${unitName}; why it ended: journalctl -u ${unitName} -n 50`]),
  ]
  return `${lines.join('\n')}\n`
}

function requireSystemd(systemd: Systemd): void {
  if (systemd.isRunning()) return
  throw new FlotillaError('service/unavailable', 'systemd does not run this machine', {
    hint: 'See the unit with: flotilla service install --print. Or let your own service manager run: flotilla run',
  })
}

async function readUnit(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

async function writeUnit(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o644 })
  } catch (error) {
    throw unwritableUnit(path, error)
  }
}

function unwritableUnit(path: string, error: unknown): FlotillaError {
  return new FlotillaError('service/failed', `can't write ${path}: ${errno(error) ?? String(error)}`, {
    hint: 'Only root may: sudo flotilla service install (or uninstall).',
    cause: error,
  })
}

/** systemd can't put a name space around what is not there. */
async function prepareFolders({ manifests, state }: UnitSetting, output: Output): Promise<void> {
  for (const [path, mode] of [
    [manifests, 0o755],
    [state, 0o700],
  ] as const) {
    if (await exists(path)) continue
    try {
      await mkdir(path, { recursive: true })
      await chmod(path, mode)
      output.note(`made ${path}`)
    } catch (error) {
      throw unwritableUnit(path, error)
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function runSystemctl(systemd: Systemd, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await systemd.systemctl(...args)
  if (exitCode === 0) return stdout
  throw new FlotillaError(
    'service/failed',
    `systemctl ${args.join(' ')} failed: ${stderr.trim() || `exit code ${exitCode}`}`,
    { hint: `See: journalctl -u ${unitName} -n 50` },
  )
}

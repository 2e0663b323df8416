import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { unitFolder } from './unit.js'

/** The service manager of this machine, as far as `flotilla service` needs it. */
export interface Systemd {
  /** Where its units are. */
  readonly unitFolder: string
  /** Whether it runs this machine: its programs may be installed where it doesn't. */
  isRunning(): boolean
  systemctl(...args: readonly string[]): Promise<SystemctlResult>
}

export interface SystemctlResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export type Properties = readonly (readonly [name: string, value: string])[]

/** What `systemctl show` says: a line for each property, for some one for each of several values. */
export function propertiesOf(shown: string): Properties {
  return shown.split('\n').map(line => {
    const at = line.indexOf('=')
    return [line.slice(0, at), line.slice(at + 1)]
  })
}

/** Starting waits until the daemon is ready, for as long as the unit's TimeoutStartSec. */
const deadlineMs = 150_000

export function hostSystemd(env: Readonly<Record<string, string | undefined>>): Systemd {
  return {
    unitFolder,
    isRunning: () => existsSync('/run/systemd/system'),
    systemctl: (...args) =>
      new Promise(resolve => {
        const options = { env: { ...env, SYSTEMD_PAGER: '' }, timeout: deadlineMs }
        execFile('systemctl', [...args], options, (error, stdout, stderr) =>
          resolve({
            exitCode: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
            stdout,
            stderr: stderr === '' && error !== null ? error.message : stderr,
          }),
        )
      }),
  }
}

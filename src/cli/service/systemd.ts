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

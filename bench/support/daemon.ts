import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A daemon as a user runs it, with folders of its own. */
export interface Daemon {
  readonly pid: number
  /** Saves a manifest as an editor does that means well: written aside, then renamed into place. */
  save(flotilla: string, manifest: string): void
  forget(flotilla: string): void
  /** Ends it; containers and state stay, for a next daemon on the same home. */
  stop(): Promise<void>
}

/** What outlives a daemon: manifests, state, the passwords' file and the log. */
export interface Home {
  readonly folder: string
  readonly passwordFile: string
  readonly password: string
  remove(): void
}

export function makeHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-'))
  mkdirSync(join(folder, 'manifests'))
  const passwordFile = join(folder, 'manifests', 'password')
  const password = 'a-password-of-the-bench'
  writeFileSync(passwordFile, password, { mode: 0o600 })
  return { folder, passwordFile, password, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** @param dockerHost what it is given as DOCKER_HOST */
export async function startDaemon(
  home: Home,
  options: {
    readonly dockerHost: string
    readonly nodeFlags?: readonly string[]
    readonly logLevel?: string
  },
): Promise<Daemon> {
  const program = fileURLToPath(new URL('../../bundle/flotilla.js', import.meta.url))
  const manifests = join(home.folder, 'manifests')
  const log = openSync(logOf(home), 'a')
  const startsBefore = startsIn(home)
  const args = ['run', '--manifests', manifests, '--state', join(home.folder, 'state')]
  const child = spawn(
    process.execPath,
    [...(options.nodeFlags ?? []), program, ...args, '--log-level', options.logLevel ?? 'info'],
    {
      stdio: ['ignore', log, log],
      env: { ...process.env, DOCKER_HOST: options.dockerHost, FLOTILLA_HTTP: '127.0.0.1:0' },
    },
  )
  while (startsIn(home) === startsBefore) {
    if (child.exitCode !== null) throw new Error(`the daemon ended:\n${readFileSync(logOf(home), 'utf8')}`)
    await sleepFor(20)
  }
  return {
    pid: child.pid ?? 0,
    save(flotilla, manifest) {
      const aside = join(home.folder, `${flotilla}.yaml`)
      writeFileSync(aside, manifest)
      renameSync(aside, join(manifests, `${flotilla}.yaml`))
    },
    forget: flotilla => rmSync(join(manifests, `${flotilla}.yaml`)),
    stop: () =>
      new Promise(resolve => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

/** The port that its daemon answers HTTP at. */
export function httpPortOf(home: Home): number {
  const addresses = [...readFileSync(logOf(home), 'utf8').matchAll(/"address":"127\.0\.0\.1:(\d+)"/g)]
  const port = Number(addresses.at(-1)?.[1])
  if (Number.isNaN(port)) throw new Error(`the daemon answers no HTTP:\n${readFileSync(logOf(home), 'utf8')}`)
  return port
}

function startsIn(home: Home): number {
  return readFileSync(logOf(home), 'utf8').split('"daemon.started"').length
}

export function logOf(home: Home): string {
  return join(home.folder, 'daemon.log')
}

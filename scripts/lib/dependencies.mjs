import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { logStep, SetupError } from './log.mjs'

/**
 * Runs `npm ci --ignore-scripts` when node_modules is missing or is not what package-lock.json names; else
 * nothing.
 * @param {string} root
 */
export function ensureDependencies(root) {
  const why = whyOutdated({
    wanted: readLock(join(root, 'package-lock.json')),
    installed: readLock(join(root, 'node_modules/.package-lock.json')),
  })
  if (why === null) return
  logStep(`installing dependencies (${why})`)
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    throw new SetupError(
      'npm ci failed',
      'See its message above; the network or a registry mirror may be out of reach.',
    )
  }
}

/**
 * @typedef {{ readonly packages?: Readonly<Record<string, { readonly version?: string, readonly optional?:
 * boolean }>> }} Lock
 */

/**
 * Why what is installed differs from what the lock file wants; null when it does not. A package for another
 * platform may be absent.
 * @param {{ readonly wanted: Lock | null, readonly installed: Lock | null }} locks
 * @returns {string | null}
 */
export function whyOutdated({ wanted, installed }) {
  if (installed === null) return 'none are installed'
  for (const [path, { version, optional = false }] of Object.entries(wanted?.packages ?? {})) {
    const here = installed.packages?.[path]
    if (path === '' || (here === undefined && optional)) continue
    if (here === undefined) return `${path} is missing`
    if (here.version !== version) return `${path} is ${here.version}, wanted ${version}`
  }
  return null
}

/** @param {string} path @returns {Lock | null} */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

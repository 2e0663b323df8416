import { spawnSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { logStep, SetupError } from './log.mjs'

/** Programs that setting up may need, and the Debian and Ubuntu package that brings each. */
const packageOf = Object.freeze({
  dockerd: 'docker.io',
  iptables: 'iptables',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  busybox: 'busybox-static',
  'python3 with redis': 'python3-redis',
  promtool: 'prometheus',
  haproxy: 'haproxy',
  'docker-registry': 'docker-registry',
  age: 'age',
  memcached: 'memcached',
  'swift-proxy-server': 'swift-proxy',
  'swift-account-server': 'swift-account',
  'swift-container-server': 'swift-container',
  'swift-object-server': 'swift-object',
  strace: 'strace',
  chromium: 'chromium',
})

/** @typedef {keyof typeof packageOf} Program */

/** What is no program on the PATH is there when its file is. */
const fileOf = /** @type {Readonly<Partial<Record<Program, string>>>} */ ({
  'python3 with redis': '/usr/lib/python3/dist-packages/redis/__init__.py',
})

/** True where apt-get can install what is missing: Debian, Ubuntu and their like, as root. */
export function canInstallPackages() {
  return process.getuid?.() === 0 && isDebianLike() && pathOf('apt-get') !== null
}

/** Ubuntu has Chromium only as a snap, which needs a service of its own. */
export function canInstallChromium() {
  return canInstallPackages() && osRelease()['ID'] === 'debian'
}

/** Debian, Ubuntu and distributions that call themselves like one of them. */
export function isDebianLike() {
  const { ID = '', ID_LIKE = '' } = osRelease()
  return `${ID} ${ID_LIKE}`.split(' ').some(id => id === 'debian' || id === 'ubuntu')
}

/** `Debian 12`, `Ubuntu 24.04`. */
export function distributionName() {
  const { NAME = 'Linux', VERSION_ID = '' } = osRelease()
  return `${NAME.replace(' GNU/Linux', '')} ${VERSION_ID}`.trim()
}

/**
 * Installs the packages of those programs that are not here, without their recommendations. A service that a
 * package would start is not started: nobody asked for a Redis on port 6379, a Prometheus, an HAProxy or a
 * Swift.
 * @param {readonly Program[]} programs
 */
export function installMissing(programs) {
  const packages = programs.filter(program => !isInstalled(program)).map(program => packageOf[program])
  if (packages.length === 0) return
  if (!canInstallPackages()) {
    throw new SetupError(
      `${packages.join(', ')} not installed`,
      `Run: sudo apt-get install --no-install-recommends ${packages.join(' ')}`,
    )
  }
  logStep(`installing ${packages.join(', ')} with apt-get`)
  withoutServiceStarts(() => {
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
    // Without package lists apt-get can't locate anything; they are fetched only when the first try fails.
    if (!aptGet(install).ok) {
      aptGet(['update', '-qq'])
      const { ok, output } = aptGet(install)
      if (!ok) {
        throw new SetupError(
          `apt-get could not install ${packages.join(', ')}:\n${output.trim().split('\n').slice(-5).join('\n')}`,
          `Mend that, or install them by hand, and try again.`,
        )
      }
    }
    const services = packages.filter(name =>
      /^(redis-server|prometheus|haproxy|docker-registry|memcached|swift-)/.test(name),
    )
    if (services.length > 0 && existsSync('/run/systemd/system')) {
      spawnSync('systemctl', ['disable', '--quiet', ...services], { stdio: 'ignore' })
    }
  })
}

/** @param {Program} program */
function isInstalled(program) {
  const file = fileOf[program]
  return file === undefined ? pathOf(program) !== null : existsSync(file)
}

/**
 * Where a program is on the PATH or in the system folders; null when it is not installed. @param {string}
 * program
 */
export function pathOf(program) {
  // A plain user's PATH on Debian lacks the sbin folders.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders.map(folder => join(folder, program)).find(isExecutable) ?? null
}

/** @param {readonly string[]} args */
function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8', stdio: 'pipe' })
  return { ok: status === 0, output: `${stdout}${stderr}` }
}

/** @param {() => void} work */
function withoutServiceStarts(work) {
  const policy = '/usr/sbin/policy-rc.d'
  const kept = `${policy}.before-flotilla`
  // An install of ours that was killed half way left its policy behind: put the machine's own back first.
  if (existsSync(kept)) renameSync(kept, policy)
  else if (existsSync(policy) && readFileSync(policy, 'utf8').includes(policyMark)) rmSync(policy)
  if (existsSync(policy)) renameSync(policy, kept)
  writeFileSync(policy, policyScript(kept))
  chmodSync(policy, 0o755)
  try {
    work()
  } finally {
    rmSync(policy, { force: true })
    if (existsSync(kept)) renameSync(kept, policy)
  }
}

const policyMark = 'for the duration of one apt-get run of scripts/engine'

/**
 * Redis, Prometheus and HAProxy never start. Docker does where systemd runs it (then that is the engine to
 * use), unless the machine's own policy forbids it.
 * @param {string} kept
 */
function policyScript(kept) {
  return `#!/bin/sh
# ${policyMark}
case "$1" in redis* | prometheus* | haproxy* | swift* | memcached*) exit 101 ;; esac
[ -d /run/systemd/system ] || exit 101
[ ! -x ${kept} ] || exec ${kept} "$@"
exit 0
`
}

/** /etc/os-release as an object; empty where there is none. @returns {Record<string, string>} */
function osRelease() {
  if (!existsSync('/etc/os-release')) return {}
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n')
  const pairs = lines.map(line => /^([A-Z_]+)="?([^"]*)"?$/.exec(line)).filter(match => match !== null)
  return Object.fromEntries(pairs.map(([, key, value]) => [key, value]))
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

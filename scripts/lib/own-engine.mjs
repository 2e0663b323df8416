import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pathOf } from './debian.mjs'
import { whyNoAnswer } from './engine-http.mjs'
import { childrenOf, isRunning, livingPid, processesWith, sendSignal, waitUntil } from './processes.mjs'
import { logStep, SetupError } from './log.mjs'

/** @typedef {import('./engine-home.mjs').EngineHome} EngineHome */

/** A start takes about 5 s on two busy cores; a machine that needs ten times that has another problem. */
const startWithinMs = 60_000
/** dockerd gives each container its own stop time first; ours ask for 15 s. */
const stopWithinMs = 30_000

/** True when the engine of this home is running and answers. @param {EngineHome} home */
export async function isUp(home) {
  const pid = livingPid({ pidFile: home.supervisorPidFile, mark: home.runFolder })
  return pid !== null && (await whyNoAnswer(home)) === null
}

/**
 * Starts a dockerd of our own on the machine's network and waits until it answers.
 * @param {EngineHome} home
 */
export async function startOnHost(home) {
  prepareFolders(home)
  await start(home, dockerdCommand(home))
}

/**
 * Starts a dockerd in namespaces of its own, empty, and waits until it answers. Containers and published
 * ports are reached from inside only: see enterCommand.
 * @param {EngineHome} home
 */
export async function startIsolated(home) {
  removeTree(home.keepFolder)
  prepareFolders(home)
  const unshare = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const init = join(dirname(fileURLToPath(import.meta.url)), 'isolated-engine.sh')
  await start(home, [
    ...unshare,
    ...['bash', init, home.runFolder, home.logFile],
    ...dockerdCommand(home),
    // systemd would be told of processes by numbers that mean others outside the pid namespace.
    ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', home.cgroup],
    ...['--dns', '192.0.2.53'],
  ])
}

/**
 * What to put before a command so that it runs inside an isolated engine's namespaces, in the caller's
 * folder.
 * @param {EngineHome} home
 * @returns {readonly string[]}
 */
export function enterCommand(home) {
  const supervisor = livingPid({ pidFile: home.supervisorPidFile, mark: home.runFolder })
  const [init] = supervisor === null ? [] : childrenOf(supervisor)
  if (init === undefined) {
    throw new SetupError(`${home.name} is not running`, 'Start it: scripts/engine up --test')
  }
  const changeFolder = ['sh', '-c', 'cd "$0" && exec "$@"', process.cwd()]
  return ['nsenter', '--target', String(init), '--net', '--pid', '--mount', ...changeFolder]
}

/**
 * Asks dockerd to stop its containers and end, and insists after 30 s. Data stays. @param {EngineHome} home
 */
export async function stopOnHost(home) {
  const pid = livingPid({ pidFile: home.supervisorPidFile, mark: home.runFolder })
  if (pid !== null) {
    sendSignal(pid, 'SIGTERM')
    if (!(await waitUntil(() => !isRunning(pid), { withinMs: stopWithinMs }))) sendSignal(pid, 'SIGKILL')
  }
  await endLeftovers(home)
  removeTree(home.runFolder)
}

/**
 * Ends everything inside at once, and removes every trace: nothing in a test engine is worth a graceful stop.
 * @param {EngineHome} home
 */
export async function stopIsolated(home) {
  const supervisor = livingPid({ pidFile: home.supervisorPidFile, mark: home.runFolder })
  // The namespace's first process takes all others with it.
  if (supervisor !== null)
    for (const pid of [...childrenOf(supervisor), supervisor]) sendSignal(pid, 'SIGKILL')
  await endLeftovers(home)
  removeTree(home.runFolder)
  removeTree(home.keepFolder)
  removeCgroups(home)
}

/**
 * @param {EngineHome} home
 * @param {readonly string[]} command
 */
async function start(home, command) {
  const [program = '', ...args] = command
  const log = openSync(home.logFile, 'a')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] })
  const failed = new Promise(resolve => child.once('error', resolve))
  child.unref()
  writeFileSync(home.supervisorPidFile, `${child.pid ?? 0}\n`)
  const answers = async () => (await whyNoAnswer(home)) === null
  const ended = () => child.exitCode !== null || child.signalCode !== null || dockerdEnded(home)
  const up = await Promise.race([
    waitUntil(async () => ended() || (await answers()), { withinMs: startWithinMs }).then(answers),
    failed.then(() => false),
  ])
  if (!up) {
    const problem = explainLog(home)
    await stopAfterFailure(home)
    throw problem
  }
}

/** @param {EngineHome} home */
async function stopAfterFailure(home) {
  const supervisor = livingPid({ pidFile: home.supervisorPidFile, mark: home.runFolder })
  if (supervisor !== null)
    for (const pid of [...childrenOf(supervisor), supervisor]) sendSignal(pid, 'SIGKILL')
  await endLeftovers(home)
  removeTree(home.runFolder)
}

/**
 * In the isolated engine process 1 outlives dockerd; then the log says that it failed. @param {EngineHome}
 * home
 */
function dockerdEnded(home) {
  return existsSync(home.logFile) && /^failed to start daemon/m.test(readFileSync(home.logFile, 'utf8'))
}

/** @param {EngineHome} home @returns {readonly string[]} */
function dockerdCommand(home) {
  return [
    ...[pathOf('dockerd') ?? 'dockerd', '--config-file', home.configFile],
    ...['--data-root', home.dataRoot, '--exec-root', home.execRoot],
    ...['--pidfile', home.pidFile, '--host', home.url],
    // Where dockerd finds the system's containerd it joins it; under names of its own it meets nobody there.
    ...['--containerd-namespace', 'flotilla', '--containerd-plugins-namespace', 'flotilla-plugins'],
    // Docker's own pools are used up after about thirty networks. This is room for 512, of 126 addresses
    // each.
    ...['--default-address-pool', 'base=10.213.0.0/16,size=25'],
  ]
}

/** @param {EngineHome} home */
function prepareFolders(home) {
  removeTree(home.runFolder)
  for (const folder of [home.keepFolder, home.runFolder]) mkdirSync(folder, { recursive: true, mode: 0o711 })
  writeFileSync(home.configFile, '{}\n')
  appendFileSync(home.logFile, '')
}

/**
 * What a killed dockerd leaves: its containerd, its shims. Only processes that were given our own exec root.
 * @param {EngineHome} home
 */
async function endLeftovers(home) {
  const left = () => processesWith(home.execRoot).filter(isRunning)
  const gone = await waitUntil(() => left().length === 0, { withinMs: 2000 })
  if (!gone) for (const pid of left()) sendSignal(pid, 'SIGKILL')
  await waitUntil(() => left().length === 0, { withinMs: 5000 })
}

/** Removes a folder of ours, having taken off whatever is still mounted in it. @param {string} folder */
function removeTree(folder) {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(path => path === folder || path.startsWith(`${folder}/`))
  for (const path of mounts.reverse()) spawnSync('umount', ['--lazy', path], { stdio: 'ignore' })
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** @param {EngineHome} home */
function removeCgroups(home) {
  const root = '/sys/fs/cgroup'
  const hierarchies = existsSync(root) ? readdirSync(root, { withFileTypes: true }) : []
  const parents = [
    root,
    ...hierarchies.filter(entry => entry.isDirectory()).map(entry => join(root, entry.name)),
  ]
  for (const parent of parents) removeEmptyTree(join(parent, home.cgroup))
}

/**
 * cgroupfs folders hold files that can't be deleted, so they go by rmdir, innermost first. @param {string}
 * folder
 */
function removeEmptyTree(folder) {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyTree(join(folder, entry.name))
  }
  try {
    rmdirSync(folder)
  } catch {
    logStep(`${folder} is still in use; it is empty and harmless`)
  }
}

/** @param {EngineHome} home */
function explainLog(home) {
  const lines = readFileSync(home.logFile, 'utf8').trim().split('\n')
  const grave = lines.filter(line => /level=(error|fatal)|^failed|cannot|not permitted/i.test(line))
  const shown = (grave.length > 0 ? grave : lines).slice(-6)
  const known = /** @type {const} */ ([
    [
      /not permitted|permission denied/i,
      'This looks like a container without privileges: run it with --privileged, or set DOCKER_HOST to an engine outside.',
    ],
    [
      /iptables|nf_tables/i,
      'The kernel lacks what iptables needs: load it (modprobe ip_tables, modprobe iptable_nat).',
    ],
    [/overlay/i, 'The file system under /var/lib can’t hold an overlay: use one like ext4 or xfs.'],
    [/no space left/i, 'The disk is full: make room under /var/lib.'],
    [/cgroup/i, 'The cgroup file system is missing: mount it at /sys/fs/cgroup.'],
  ])
  const hint = known.find(([pattern]) => shown.some(line => pattern.test(line)))?.[1]
  return new SetupError(
    `dockerd did not start. The last lines of its log (${home.logFile}):\n${shown.join('\n')}`,
    `${hint ?? 'Mend what the log names and try again.'}\nOr start an engine yourself and set DOCKER_HOST to it.`,
  )
}

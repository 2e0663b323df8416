import { existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { canInstallPackages, installMissing, isDebianLike, pathOf } from './debian.mjs'
import { userEngineHome } from './engine-home.mjs'
import { engineCandidates, firstAnswering } from './find-engine.mjs'
import { withLock } from './lock.mjs'
import { isUp, startIsolated, startOnHost, stopIsolated, stopOnHost } from './own-engine.mjs'
import { logStep, SetupError } from './log.mjs'

/**
 * @typedef {import('./engine-home.mjs').EngineHome} EngineHome
 * @typedef {import('./engine-http.mjs').EngineAddress} EngineAddress
 * @typedef {object} Engine
 * @property {EngineAddress} address
 * @property {string} source how it came to be the one, for people
 * @property {EngineHome | null} own its home when it is one that we started
 */

/**
 * The engine to use: ours if it runs, else the one that answers, else, where we are able to, one that we
 * install and start.
 * @returns {Promise<Engine>}
 */
export async function bringUpEngine() {
  const running = await findEngine()
  if (running.engine !== null) return running.engine
  const { silent } = running
  const chosen = silent.find(({ engine }) => engine.chosen && engine.url !== userEngineHome.url)
  if (chosen !== undefined) {
    throw new SetupError(
      `${chosen.engine.source} names the engine at ${chosen.engine.url}, and that does not answer (${chosen.why})`,
      'Start that engine, or choose another one (unset DOCKER_HOST, docker context use default).',
    )
  }
  if (!canStartOwn()) throw noEngine(silent)
  const lock = { lockFile: userEngineHome.lockFile, purpose: 'bringing the engine up', waitMs: 300_000 }
  return await withLock(lock, async () => {
    installMissing(['dockerd', 'iptables'])
    // Where systemd runs services, the package has just started one.
    const again = await findEngine()
    if (again.engine !== null) return again.engine
    logStep('no container engine answers here; starting one')
    await startOnHost(userEngineHome)
    return ownEngine(userEngineHome)
  })
}

/**
 * The engine for tests: an isolated one of ours where that is possible, else the one that answers.
 * @param {EngineHome} home
 * @param {{ readonly keep: boolean }} options `keep`: a person asks for it, and test runs are to leave it up
 * @returns {Promise<Engine>}
 */
export async function bringUpTestEngine(home, { keep }) {
  const given = process.env['FLOTILLA_TEST_DOCKER_HOST'] ?? ''
  if (given !== '') return { address: { url: given }, source: 'FLOTILLA_TEST_DOCKER_HOST', own: null }
  if (!canIsolate()) {
    const { engine, silent } = await findEngine()
    if (engine === null) throw noEngine(silent)
    return { ...engine, own: null }
  }
  const lock = { lockFile: home.lockFile, purpose: 'bringing the test engine up', waitMs: 300_000 }
  return await withLock(lock, async () => {
    if (await isUp(home)) {
      if (keep) writeFileSync(home.keptMark, '')
      if (existsSync(home.keptMark)) return ownEngine(home)
      logStep('a test run that was killed left its engine behind; starting afresh')
    }
    installMissing(['dockerd', 'iptables', 'redis-server', 'redis-cli', 'busybox'])
    const kept = keep || existsSync(home.keptMark)
    await stopIsolated(home)
    logStep('starting the test engine')
    await startIsolated(home)
    if (kept) writeFileSync(home.keptMark, '')
    return ownEngine(home)
  })
}

/** Takes a test run's engine down, unless a person had brought it up before. @param {Engine} engine */
export async function releaseTestEngine({ own }) {
  if (own !== null && !existsSync(own.keptMark)) await stopIsolated(own)
}

/** Stops the user's engine if it is one that we started; false when there is none of ours. */
export async function takeDownEngine() {
  const wasUp = await isUp(userEngineHome)
  await stopOnHost(userEngineHome)
  return wasUp
}

/** Stops and removes the test engine of ours; false when there was none. @param {EngineHome} home */
export async function takeDownTestEngine(home) {
  if (!canIsolate()) return false
  const wasUp = await isUp(home)
  await stopIsolated(home)
  return wasUp
}

/**
 * The engine in use without starting any; and why those that were asked first did not answer.
 * @returns {Promise<{ readonly engine: Engine | null, readonly silent: readonly
 * import('./find-engine.mjs').SilentEngine[] }>}
 */
export async function findEngine() {
  const candidates = engineCandidates({ env: process.env, home: homedir() })
  const chosen = candidates.some(candidate => candidate.chosen)
  // Ours comes before a default socket: the containers of an earlier start are on it.
  if (!chosen && process.platform === 'linux' && (await isUp(userEngineHome))) {
    return { engine: ownEngine(userEngineHome), silent: [] }
  }
  const { found, silent } = await firstAnswering(candidates)
  if (found === null) return { engine: null, silent }
  if (found.url === userEngineHome.url) return { engine: ownEngine(userEngineHome), silent }
  return { engine: { address: found, source: found.source, own: null }, silent }
}

/** @param {EngineHome} home @returns {Engine} */
function ownEngine(home) {
  return { address: home, source: home.name, own: home }
}

function canStartOwn() {
  return isLinuxRoot() && (pathOf('dockerd') !== null || canInstallPackages())
}

/**
 * True where tests get an engine of their own. It reaches no registry, so its image must come from the
 * distribution's packages.
 */
export function canIsolate() {
  if ((process.env['FLOTILLA_TEST_DOCKER_HOST'] ?? '') !== '') return false
  return isLinuxRoot() && canInstallPackages()
}

function isLinuxRoot() {
  return process.platform === 'linux' && process.getuid?.() === 0
}

/** @param {readonly import('./find-engine.mjs').SilentEngine[]} silent */
function noEngine(silent) {
  const tried = silent.map(({ engine, why }) => `  ${engine.url} (${engine.source}): ${why}`).join('\n')
  return new SetupError(`no container engine answers. Tried:\n${tried}`, howToGetOne(silent))
}

/** @param {readonly import('./find-engine.mjs').SilentEngine[]} silent */
function howToGetOne(silent) {
  if (process.platform === 'darwin') return 'Start Docker Desktop, OrbStack or Colima, then try again.'
  if (process.platform !== 'linux') return 'Start Docker Desktop, or run this inside WSL 2, then try again.'
  if (silent.some(({ why }) => why === 'EACCES')) {
    return 'An engine is there, and you may not use it. Run: sudo usermod -aG docker "$USER", log in again, and try again.'
  }
  if (isDebianLike()) {
    return 'Run: sudo apt-get install --no-install-recommends docker.io iptables && sudo usermod -aG docker "$USER"\nThen log in again, and try again.'
  }
  return 'Install Docker Engine (https://docs.docker.com/engine/install/), start it, then try again.'
}

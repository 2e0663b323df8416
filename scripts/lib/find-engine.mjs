import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whyNoAnswer } from './engine-http.mjs'

/**
 * @typedef {object} EngineCandidate
 * @property {string} url
 * @property {string} source how it was found, for people
 * @property {boolean} chosen the user named it (DOCKER_HOST, a docker context): when it is silent no other is
 * tried
 * @property {string | null} tlsFolder with ca.pem, cert.pem and key.pem
 * @typedef {{ readonly engine: EngineCandidate, readonly why: string }} SilentEngine
 * @typedef {{ readonly env: Readonly<Record<string, string | undefined>>, readonly home: string }}
 * Surroundings
 */

/**
 * Where an engine may listen, in the order in which the docker CLI would look: DOCKER_HOST, the current
 * context, then the sockets that Docker Engine, rootless Docker and Docker Desktop use. A named engine is the
 * only candidate: to go on with another one would act on a machine that the user did not mean.
 * @param {Surroundings} surroundings
 * @returns {readonly EngineCandidate[]}
 */
export function engineCandidates({ env, home }) {
  const dockerHost = env['DOCKER_HOST']
  if (dockerHost !== undefined && dockerHost !== '') {
    const wantsTls = (env['DOCKER_TLS_VERIFY'] ?? '') !== ''
    const tlsFolder = wantsTls ? (env['DOCKER_CERT_PATH'] ?? join(home, '.docker')) : null
    return [{ url: dockerHost, source: 'DOCKER_HOST', chosen: true, tlsFolder }]
  }
  const context = currentContext({ env, home })
  if (context !== null) return [context]
  const runtimeFolder = env['XDG_RUNTIME_DIR']
  const sockets = [
    '/var/run/docker.sock',
    ...(runtimeFolder === undefined ? [] : [join(runtimeFolder, 'docker.sock')]),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
  ]
  return sockets.map(path => ({
    url: `unix://${path}`,
    source: 'default socket',
    chosen: false,
    tlsFolder: null,
  }))
}

/**
 * The first candidate that answers, and why the ones before it did not. An ssh engine can't be asked from
 * here and counts as answering.
 * @param {readonly EngineCandidate[]} candidates
 * @returns {Promise<{ readonly found: EngineCandidate | null, readonly silent: readonly SilentEngine[] }>}
 */
export async function firstAnswering(candidates) {
  /** @type {SilentEngine[]} */
  const silent = []
  for (const engine of candidates) {
    if (engine.url.startsWith('ssh://')) return { found: engine, silent }
    const why = await whyNoAnswer(engine)
    if (why === null) return { found: engine, silent }
    silent.push({ engine, why })
  }
  return { found: null, silent }
}

/**
 * The docker context in force, or null for the default one. A context's files lie in a folder named by the
 * SHA-256 of its name.
 * @param {Surroundings} surroundings
 * @returns {EngineCandidate | null}
 */
function currentContext({ env, home }) {
  const configFolder = env['DOCKER_CONFIG'] ?? join(home, '.docker')
  const name = env['DOCKER_CONTEXT'] ?? readJson(join(configFolder, 'config.json'))?.currentContext
  if (typeof name !== 'string' || name === '' || name === 'default') return null
  const id = createHash('sha256').update(name).digest('hex')
  const url = readJson(join(configFolder, 'contexts/meta', id, 'meta.json'))?.Endpoints?.docker?.Host
  if (typeof url !== 'string') return null
  const tlsFolder = join(configFolder, 'contexts/tls', id, 'docker')
  return {
    url,
    source: `docker context "${name}"`,
    chosen: true,
    tlsFolder: existsSync(join(tlsFolder, 'ca.pem')) ? tlsFolder : null,
  }
}

/**
 * A JSON file's value; null when it is missing or is not JSON, as the docker CLI's own files may be half
 * written.
 * @param {string} path
 * @returns {any}
 */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

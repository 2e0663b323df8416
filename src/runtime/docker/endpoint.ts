import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import type { TlsMaterial } from './docker-context.js'
import { readCurrentContextName, readDockerContext, readTlsFolder } from './docker-context.js'

/** Where a Docker engine is, how to reach it, and how that was found out. */
export interface DockerEndpoint {
  readonly target: DockerTarget
  /** As people write it: `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`. */
  readonly address: string
  /** In words: `DOCKER_HOST`, `docker context "lab"`, `default socket` … */
  readonly source: string
}

export type DockerTarget =
  /** A unix socket, or a named pipe on Windows. */
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsMaterial | null }
  | {
      readonly kind: 'ssh'
      readonly host: string
      readonly port: number | null
      readonly user: string | null
    }

export interface EndpointSearch {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** `process.platform`'s words. */
  readonly platform: string
}

/**
 * Finds the engine as the docker command does: DOCKER_HOST, else DOCKER_CONTEXT, else the current context of
 * ~/.docker/config.json (or DOCKER_CONFIG), else the first usable socket of the usual ones, rootless ones
 * included. Whether an engine answers there is not asked.
 * @throws FlotillaError usage/invalid when a variable or context names something that can't be used.
 */
export function findDockerEndpoint(search: EndpointSearch): DockerEndpoint {
  const { env, homeDir } = search
  const configDir = env['DOCKER_CONFIG'] || join(homeDir, '.docker')
  const host = env['DOCKER_HOST']
  if (host) {
    return {
      ...parseAddress({
        address: host,
        source: 'DOCKER_HOST',
        platform: search.platform,
        tls: envTls(env, configDir),
      }),
      source: 'DOCKER_HOST',
    }
  }
  const fromEnv = env['DOCKER_CONTEXT']
  const contextName = fromEnv || readCurrentContextName(configDir)
  if (contextName === null || contextName === 'default') return defaultEndpoint(search)
  const source = `docker context "${contextName}"${fromEnv ? ' (from DOCKER_CONTEXT)' : ''}`
  const context = readDockerContext({ configDir, name: contextName, source })
  return {
    ...parseAddress({ address: context.host, source, platform: search.platform, tls: context.tls }),
    source,
  }
}

/**
 * Splits `unix://`, `npipe://`, `tcp://`, `http(s)://` and `ssh://` addresses; a bare `host:port` is tcp, as
 * for docker.
 */
function parseAddress(given: {
  readonly address: string
  readonly source: string
  readonly platform: string
  readonly tls: TlsMaterial | null
}): Omit<DockerEndpoint, 'source'> {
  const address = given.address.includes('://') ? given.address : `tcp://${given.address}`
  if (address.startsWith('unix://')) {
    const path = address.slice('unix://'.length) || '/var/run/docker.sock'
    return { address: `unix://${path}`, target: { kind: 'socket', path } }
  }
  if (address.startsWith('npipe://')) {
    if (given.platform !== 'win32') throw unusable(given, 'named pipes exist only on Windows')
    const path = address.slice('npipe://'.length) || windowsPipe
    return { address: `npipe://${path}`, target: { kind: 'socket', path } }
  }
  if (!URL.canParse(address)) throw unusable(given, 'it is not an address')
  const url = new URL(address)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw unusable(given, 'it names no host')
  if (url.protocol === 'ssh:') {
    if (url.password !== '') throw unusable({ ...given, address: 'ssh://…' }, 'it must not hold a password')
    const user = url.username === '' ? null : decodeURIComponent(url.username)
    if (host.startsWith('-') || user?.startsWith('-')) throw unusable(given, 'it starts like an option')
    return { address, target: { kind: 'ssh', host, port: url.port === '' ? null : Number(url.port), user } }
  }
  const tls =
    given.tls ?? (url.protocol === 'https:' ? { ca: null, cert: null, key: null, verify: true } : null)
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol))
    throw unusable(given, `${url.protocol}// is not a way to reach an engine`)
  const port = tcpPort(address, tls !== null)
  return { address, target: { kind: 'tcp', host, port, tls } }
}

/**
 * The ports that Docker registered: 2375 in clear, 2376 with TLS. Read from the text, as URL drops :80 and
 * :443.
 */
function tcpPort(address: string, tls: boolean): number {
  const written = /:(\d+)\/?$/.exec(address)?.[1]
  return written === undefined ? (tls ? 2376 : 2375) : Number(written)
}

function unusable(
  given: { readonly address: string; readonly source: string },
  reason: string,
): FlotillaError {
  return new FlotillaError(
    'usage/invalid',
    `find the Docker engine: ${given.source} is "${given.address}": ${reason}`,
    {
      hint: 'use unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host',
    },
  )
}

/** TLS as the environment asks for it; docker checks the server only with DOCKER_TLS_VERIFY, and so do we. */
function envTls(env: EndpointSearch['env'], configDir: string): TlsMaterial | null {
  const verify = Boolean(env['DOCKER_TLS_VERIFY'])
  if (!verify && !env['DOCKER_TLS'] && !env['DOCKER_CERT_PATH']) return null
  return readTlsFolder({
    folder: env['DOCKER_CERT_PATH'] || configDir,
    verify,
    source: env['DOCKER_CERT_PATH'] ? 'DOCKER_CERT_PATH' : 'DOCKER_TLS_VERIFY',
  })
}

const windowsPipe = '//./pipe/docker_engine'

/**
 * The system's socket first, as for the docker command; then those of rootless engines and of Docker Desktop.
 * One that this user may not open is passed over for one that they may, and named only when there is no
 * other.
 */
function defaultEndpoint({ env, homeDir, platform }: EndpointSearch): DockerEndpoint {
  if (platform === 'win32')
    return {
      address: `npipe://${windowsPipe}`,
      target: { kind: 'socket', path: windowsPipe },
      source: 'default pipe',
    }
  const system = { path: '/var/run/docker.sock', source: 'default socket' }
  const candidates = [
    system,
    ...(env['XDG_RUNTIME_DIR']
      ? [{ path: join(env['XDG_RUNTIME_DIR'], 'docker.sock'), source: 'socket of the rootless engine' }]
      : []),
    { path: join(homeDir, '.docker/run/docker.sock'), source: 'socket in ~/.docker/run' },
    { path: join(homeDir, '.docker/desktop/docker.sock'), source: 'socket of Docker Desktop' },
    // What scripts/engine starts where there is no other.
    { path: '/run/flotilla-engine/docker.sock', source: "Flotilla's own engine" },
  ]
  const chosen =
    candidates.find(({ path }) => isUsable(path)) ?? candidates.find(({ path }) => existsSync(path)) ?? system
  const { path, source } = chosen
  return { address: `unix://${path}`, target: { kind: 'socket', path }, source }
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

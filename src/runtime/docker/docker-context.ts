import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { Secret } from '../../secret.js'

/**
 * What a TLS connection to an engine needs; PEM texts. Without `verify` the server's certificate is not
 * checked.
 */
export interface TlsMaterial {
  readonly ca: string | null
  readonly cert: string | null
  readonly key: Secret | null
  readonly verify: boolean
}

/** The context that `docker context use` chose; null when none was, or there is no readable config.json. */
export function readCurrentContextName(configDir: string): string | null {
  const text = readIfThere(join(configDir, 'config.json'))
  if (text === null) return null
  const name = (parseJson(text) as { currentContext?: unknown } | null)?.currentContext
  return typeof name === 'string' && name !== '' ? name : null
}

/**
 * Reads `contexts/meta/<sha256 of the name>/meta.json` and the TLS files beside it.
 * @throws FlotillaError usage/invalid when there is no such context or it names no Docker host.
 */
export function readDockerContext(asked: {
  readonly configDir: string
  readonly name: string
  /** For messages. */
  readonly source: string
}): { readonly host: string; readonly tls: TlsMaterial | null } {
  const folder = createHash('sha256').update(asked.name).digest('hex')
  const metaPath = join(asked.configDir, 'contexts/meta', folder, 'meta.json')
  const text = readIfThere(metaPath)
  if (text === null) throw unusable(`${asked.source} does not exist (no ${metaPath})`)
  const docker = (parseJson(text) as ContextMeta | null)?.Endpoints?.docker
  if (typeof docker?.Host !== 'string' || docker.Host === '')
    throw unusable(`${asked.source} names no Docker host (${metaPath})`)
  const tlsFolder = join(asked.configDir, 'contexts/tls', folder, 'docker')
  const hasTls = ['ca.pem', 'cert.pem', 'key.pem'].some(file => readIfThere(join(tlsFolder, file)) !== null)
  const verify = docker.SkipTLSVerify !== true
  if (!hasTls && verify) return { host: docker.Host, tls: null }
  return { host: docker.Host, tls: readPems({ folder: tlsFolder, verify }) }
}

/**
 * Reads ca.pem, cert.pem and key.pem of one folder; ca.pem may be missing (then the system's authorities
 * count).
 * @throws FlotillaError usage/invalid when the folder has a certificate without its key, or nothing at all.
 */
export function readTlsFolder(asked: {
  readonly folder: string
  readonly verify: boolean
  readonly source: string
}): TlsMaterial {
  const tls = readPems(asked)
  if (tls.ca === null && tls.cert === null && tls.key === null)
    throw unusable(
      `${asked.source} asks for TLS, and ${asked.folder} has none of ca.pem, cert.pem and key.pem that can be read`,
    )
  if ((tls.cert === null) !== (tls.key === null))
    throw unusable(`${asked.source}: ${asked.folder} must have both cert.pem and key.pem, or neither`)
  return tls
}

interface ContextMeta {
  readonly Endpoints?: { readonly docker?: { readonly Host?: unknown; readonly SkipTLSVerify?: unknown } }
}

function readPems({ folder, verify }: { readonly folder: string; readonly verify: boolean }): TlsMaterial {
  const key = readIfThere(join(folder, 'key.pem'))
  return {
    ca: readIfThere(join(folder, 'ca.pem')),
    cert: readIfThere(join(folder, 'cert.pem')),
    key: key === null ? null : new Secret(key),
    verify,
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function unusable(what: string): FlotillaError {
  return new FlotillaError('usage/invalid', `find the Docker engine: ${what}`, {
    hint: 'see docker context ls, or set DOCKER_HOST',
  })
}

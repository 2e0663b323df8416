import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { readRegularFile } from '../../regular-file.js'
import type { PullSecret } from '../runtime.js'

/**
 * How to log in to the registry of an image, as the engine takes it with a pull. It holds a password or a
 * token: it goes into that one header and nowhere else.
 */
export type RegistryLogin =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string }
  | { readonly registrytoken: string; readonly serveraddress: string }

/** With where it was found, for messages. */
export interface FoundLogin {
  readonly login: RegistryLogin
  readonly source: string
}

export interface LoginSearch {
  /** It counts before docker's own; null: there is none. */
  readonly pullSecret: PullSecret | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
}

/** Who answers a question about a secret in 10 s does not ask a person for it meanwhile. */
const helperTimeoutMs = 10_000
const helperBytesMax = 65_536

/**
 * Finds the login as the docker command does: in DOCKER_CONFIG or ~/.docker, by the program of credHelpers or
 * credsStore, else among auths. Read at every pull, because logins change and expire.
 * @returns null where nothing is said of the registry: then the pull goes without.
 * @throws FlotillaError runtime/image-unavailable when a file or program that is named can't be used.
 */
export async function findRegistryLogin(image: string, search: LoginSearch): Promise<FoundLogin | null> {
  const server = registryOf(image)
  const { pullSecret } = search
  if (pullSecret !== null) {
    const { config, source } = pullSecret
    const login = loginIn(parseConfig(image, { text: config.reveal(), path: source }), server)
    if (login !== null) return { login, source }
  }
  const path = join(search.env['DOCKER_CONFIG'] || join(search.homeDir, '.docker'), 'config.json')
  const config = await readConfig(image, path)
  const helper = config.credHelpers?.[helperKey(config, server)] ?? config.credsStore
  if (typeof helper === 'string' && helper !== '') {
    const kept = await askHelper({ image, helper, server, path, env: search.env })
    if (kept !== null) return { login: kept, source: `docker-credential-${helper}, named by ${path}` }
  }
  const login = loginIn(config, server)
  return login === null ? null : { login, source: path }
}

/** The registry of Docker itself goes by this name in its configuration. */
const dockerHub = 'https://index.docker.io/v1/'
const dockerHubNames: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/** As the docker command calls it: the host that an image names, with its port, or Docker's own. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  return !isHost || dockerHubNames.includes(first) ? dockerHub : first
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>
  readonly credHelpers?: Readonly<Record<string, unknown>>
  readonly credsStore?: unknown
}

/** Not being there or not ours to read, it says nothing of any registry. */
async function readConfig(image: string, path: string): Promise<DockerConfig> {
  const found = await readRegularFile(path, configLimit)
  if (found.kind === 'refused') throw unusable(image, `${path} ${found.reason}`, 'mend that, or remove it')
  return found.kind === 'read' ? parseConfig(image, { text: found.bytes.toString('utf8'), path }) : {}
}

const configLimit = { bytesMax: 1_048_576, tooLarge: 'no configuration of docker is that large' }

function parseConfig(
  image: string,
  { text, path }: { readonly text: string; readonly path: string },
): DockerConfig {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // What is in it is not repeated: it may be a password.
  }
  throw unusable(image, `${path} is no JSON as docker writes it`, 'docker login writes a good one')
}

function helperKey({ credHelpers = {} }: DockerConfig, server: string): string {
  const names = server === dockerHub ? [dockerHub, ...dockerHubNames] : [server]
  return names.find(name => credHelpers[name] !== undefined) ?? server
}

function loginIn({ auths = {} }: DockerConfig, server: string): RegistryLogin | null {
  const key = Object.keys(auths).find(name => name === server) ?? Object.keys(auths).find(isSame(server))
  const entry = key === undefined ? null : (auths[key] as Readonly<Record<string, unknown>> | null)
  if (entry === null) return null
  const { identitytoken, registrytoken, auth, username, password } = entry
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { identitytoken, serveraddress: server }
  if (typeof registrytoken === 'string' && registrytoken !== '')
    return { registrytoken, serveraddress: server }
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8').replaceAll('\0', '')
    const colon = text.indexOf(':')
    if (colon > 0)
      return { username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress: server }
  }
  return typeof username === 'string' && typeof password === 'string'
    ? { username, password, serveraddress: server }
    : null
}

/** `https://registry.example/v2/` is the entry of `registry.example` too. */
function isSame(server: string): (name: string) => boolean {
  const hostOf = (name: string): string => name.replace(/^https?:\/\//, '').split('/', 1)[0] ?? name
  return name =>
    hostOf(name) === hostOf(server) || (server === dockerHub && dockerHubNames.includes(hostOf(name)))
}

/** The protocol of docker-credential-…: the server on its standard input, JSON on its standard output. */
async function askHelper(asked: {
  readonly image: string
  readonly helper: string
  readonly server: string
  /** Of the file that names it. */
  readonly path: string
  readonly env: LoginSearch['env']
}): Promise<RegistryLogin | null> {
  const { image, helper, server, path, env } = asked
  const program = `docker-credential-${helper}`
  const fix = `see whether this works: echo ${server} | ${program} get`
  // A name with a slash would be a path.
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw unusable(image, `${path} names no program: ${program}`, fix)
  const answer = await run(program, server, env)
  if (answer.kind === 'failed')
    throw unusable(image, `${program}, which ${path} names, ${answer.reason}`, fix)
  if (answer.code !== 0) {
    if (/credentials not found/i.test(answer.output)) return null
    throw unusable(image, `${program}, which ${path} names, ended with ${answer.code}`, fix)
  }
  const login = loginOfHelper(answer.output, server)
  if (login === null) throw unusable(image, `${program}, which ${path} names, gave no login`, fix)
  return login
}

function loginOfHelper(output: string, server: string): RegistryLogin | null {
  try {
    const { Username: username, Secret: secret } = JSON.parse(output) as Readonly<Record<string, unknown>>
    if (typeof username !== 'string' || typeof secret !== 'string') return null
    return username === '<token>'
      ? { identitytoken: secret, serveraddress: server }
      : { username, password: secret, serveraddress: server }
  } catch {
    return null
  }
}

type HelperAnswer =
  | { readonly kind: 'ended'; readonly code: number; readonly output: string }
  | { readonly kind: 'failed'; readonly reason: string }

function run(program: string, input: string, env: LoginSearch['env']): Promise<HelperAnswer> {
  return new Promise(resolve => {
    const child = spawn(program, ['get'], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: helperTimeoutMs,
      killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, helperBytesMax)
    })
    // It may end before it has read what it is asked.
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${input}\n`)
    child.once('error', error => {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      resolve({ kind: 'failed', reason: isMissing ? 'is not in PATH' : `can't be run (${error.message})` })
    })
    child.once('close', code =>
      resolve(
        code === null
          ? { kind: 'failed', reason: `has not answered within ${helperTimeoutMs / 1_000} s` }
          : { kind: 'ended', code, output },
      ),
    )
  })
}

function unusable(image: string, what: string, hint: string): FlotillaError {
  return new FlotillaError('runtime/image-unavailable', `pull image ${image}: no login: ${what}`, { hint })
}

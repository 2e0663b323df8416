import { explainError, FlotillaError } from '../../errors.js'
import type { FlotillaSpec, PasswordSource } from '../../model/spec.js'
import { applicationUser } from '../../model/acl-user.js'
import { hasControlCharacter } from '../../redis/redis-text.js'
import { Secret } from '../../secret.js'
import type { ReadSecretFile } from '../../secret-files.js'
import { readPasswordFile } from './password-file.js'
import type { WantedPassword } from './keyring.js'
import type { SourceProblem } from '../../model/auth-view.js'
import type { Keyring } from '../../model/keyring.js'

/**
 * Looks up an environment variable of the daemon; null for a process that has another environment than the
 * daemon and can't tell.
 */
export type ReadEnvironment = ((name: string) => string | undefined) | null

/** Where passwords that a manifest names are looked for. */
export interface SecretSources {
  readonly environment: ReadEnvironment
  readonly readFile: ReadSecretFile
}

export interface SourceReadings {
  readonly wanted: readonly WantedPassword[]
  readonly problems: readonly SourceProblem[]
  /** Some could not be looked at from here; whether they are well only the daemon knows. */
  readonly isPartial: boolean
}

/**
 * Reads where the manifest says that passwords come from. Cheap, and done at every pass: a file that has
 * changed is seen at the next one. Never rejects.
 */
export async function readSources(spec: FlotillaSpec, secretSources: SecretSources): Promise<SourceReadings> {
  const sources = [
    { user: applicationUser, source: spec.auth },
    ...spec.auth.users.map(({ name, password }) => ({ user: name, source: password })),
  ]
  const readings = await Promise.all(
    sources.map(async ({ user, source }) => ({
      user,
      reading: await readSource(user, source, secretSources),
    })),
  )
  return {
    wanted: readings.map(({ user, reading }) => ({
      user,
      source: 'reason' in reading ? 'unavailable' : reading.source,
    })),
    isPartial:
      secretSources.environment === null && sources.some(({ source }) => source.kind === 'password-env'),
    problems: readings.flatMap(({ user, reading }) => ('reason' in reading ? [{ user, ...reading }] : [])),
  }
}

/** The passwords of a flotilla, and what is wrong with where they come from. */
export interface LoadedKeyring extends Omit<SourceReadings, 'wanted'> {
  readonly keyring: Keyring
}

type Reading =
  { readonly source: WantedPassword['source'] } | { readonly reason: string; readonly remedy: string }

async function readSource(
  user: string,
  source: PasswordSource,
  { environment, readFile }: SecretSources,
): Promise<Reading> {
  switch (source.kind) {
    case 'generated':
    case 'none':
      return { source: source.kind }
    case 'password-file':
      return readPasswordFrom(user, source.path, readFile)
    case 'password-env':
      return readVariable(user, source.variable, environment)
  }
}

async function readPasswordFrom(user: string, path: string, readFile: ReadSecretFile): Promise<Reading> {
  const remedy = `install -m 600 <file with the password of ${user}> ${path}`
  try {
    const given = await readPasswordFile(path, readFile)
    const wrong = whyNotPassword(given.reveal())
    return wrong === null ? { source: { given } } : { reason: `the password file ${path} ${wrong}`, remedy }
  } catch (error) {
    return { reason: error instanceof FlotillaError ? error.message : explainError(error), remedy }
  }
}

function readVariable(user: string, variable: string, environment: ReadEnvironment): Reading {
  if (environment === null) return { source: 'unavailable' }
  const name = printableVariable(variable)
  const remedy = `set ${name} in the environment of the daemon to the password of ${user}, and start it again`
  const password = environment(variable)
  if (password === undefined)
    return { reason: `the environment variable ${name} is not set for the daemon`, remedy }
  const wrong = whyNotPassword(password)
  return wrong === null
    ? { source: { given: new Secret(password) } }
    : { reason: `the environment variable ${variable} ${wrong}`, remedy }
}

/**
 * Whoever writes the password where the name of its variable belongs must not read it in the log: what does
 * not look like one is not repeated.
 */
export function printableVariable(variable: string): string {
  return /^[A-Z_][A-Z0-9_]*$/.test(variable) ? variable : 'that the manifest names'
}

/** Redis itself takes 512 MB; whoever puts more than this there has named the wrong file. */
const passwordLengthMax = 4_096

function whyNotPassword(password: string): string | null {
  if (password === '') return 'is empty'
  if (password.length > passwordLengthMax) return `holds more than ${passwordLengthMax} characters`
  return hasControlCharacter(password)
    ? 'holds more than one line, or a control character; it must hold nothing but the password'
    : null
}

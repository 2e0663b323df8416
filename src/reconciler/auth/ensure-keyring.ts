import { randomBytes } from 'node:crypto'
import { FlotillaError } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { applicationUser } from '../../model/acl-user.js'
import { generatePassword } from '../../redis/credentials.js'
import type { Secret } from '../../secret.js'
import type { StateStore } from '../../state/state-store.js'
import { newKeyring, syncPasswords, type WantedPassword } from './keyring.js'
import { readSources, type LoadedKeyring, type ReadEnvironment } from './password-sources.js'
import type { SourceProblem } from '../../model/auth-view.js'
import type { Keyring } from '../../model/keyring.js'

/**
 * The passwords of a flotilla as its manifest wants them now: made at its first pass, and written down before
 * any node hears of them.
 * @throws FlotillaError manifest/unreadable when its very first password can't be read: there is no last good
 * one.
 */
export async function ensureKeyring(
  store: StateStore,
  spec: FlotillaSpec,
  context: {
    readonly environment: ReadEnvironment
    readonly events: EventSink
    /** No moment for reading files: what has changed is noticed by the look that follows. */
    readonly fastPath: boolean
  },
): Promise<LoadedKeyring> {
  const stored = await store.loadKeyring(spec.name)
  if (context.fastPath && stored !== null) return { keyring: stored, problems: [], isPartial: true }
  const { wanted, problems, isPartial } = await readSources(spec, {
    environment: context.environment,
    readFile: store.readSecretFile,
  })
  const before = stored ?? newKeyring(firstPassword(spec, wanted, problems), newPassword)
  const keyring = syncPasswords(before, wanted, newPassword)
  if (keyring !== stored) {
    await store.saveKeyring(spec.name, keyring)
    if (stored !== null) publishKeyringChanges(stored, keyring, spec, context.events)
  } else await store.writePasswordFiles(spec.name, keyring)
  return { keyring, problems, isPartial }
}

/**
 * The same for somebody who changes nothing: what a keeper would find. Null for a flotilla that was never
 * reconciled.
 */
export async function peekKeyring(store: StateStore, spec: FlotillaSpec): Promise<LoadedKeyring | null> {
  const stored = await store.loadKeyring(spec.name)
  if (stored === null) return null
  const { wanted, problems, isPartial } = await readSources(spec, {
    environment: null,
    readFile: store.readSecretFile,
  })
  return { keyring: syncPasswords(stored, wanted, newPassword), problems, isPartial }
}

export function newPassword(): Secret {
  return generatePassword(randomBytes)
}

function firstPassword(
  spec: FlotillaSpec,
  wanted: readonly WantedPassword[],
  problems: readonly SourceProblem[],
): Keyring['users'][number]['current'] {
  const source = wanted.find(one => one.user === applicationUser)?.source ?? 'generated'
  const problem = problems.find(one => one.user === applicationUser)
  if (source === 'unavailable' || problem !== undefined)
    throw new FlotillaError(
      'manifest/unreadable',
      `flotilla ${spec.name}: ${problem?.reason ?? 'its password is not known here'}`,
      { hint: `Run: ${problem?.remedy ?? `flotilla up ${spec.name}`}` },
    )
  return typeof source === 'string'
    ? { secret: newPassword(), origin: 'generated' }
    : { secret: source.given, origin: 'given' }
}

function publishKeyringChanges(before: Keyring, now: Keyring, spec: FlotillaSpec, events: EventSink): void {
  for (const { user, next, departed } of now.users) {
    const was = before.users.find(one => one.user === user)
    const source =
      user === applicationUser ? spec.auth : spec.auth.users.find(one => one.name === user)?.password
    if (departed && was?.departed === false) events.publish('user.removed', { user })
    else if (was === undefined) events.publish('user.added', { user })
    else if (next !== null && next.secret.reveal() !== was.next?.secret.reveal())
      events.publish('password.rotation-started', { user, source: describeSource(source) })
  }
}

function describeSource(
  source: FlotillaSpec['auth'] | FlotillaSpec['auth']['users'][number]['password'] | undefined,
): string {
  if (source?.kind === 'password-file') return source.path
  return source?.kind === 'password-env' ? `$${source.variable}` : 'generated'
}

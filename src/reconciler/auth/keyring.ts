/**
 * Every password of a flotilla, and how far each has come. A password is rotated in steps, so that at every
 * moment whoever logs in with what is current is let in:
 *
 *   next     every node is being given it; nobody is told of it yet
 *   current what people are told, what Flotilla and the replicas log in with; every node that could be
 *   reached accepts it
 *   former   accepted until its time is over, and then taken from every node
 *
 * Nodes accept all three. The keyring is written down before nodes are given what it says, so that a Flotilla
 * that dies after any step goes on from there: what each node was given is compared with what the keyring
 * says. All functions are pure; time and randomness are arguments.
 */
import { applicationUser, controlUser, replicationUser } from '../../model/acl-user.js'
import type { Secret } from '../../secret.js'
import { type Keyring, type UserKeys, type Key, internalUsers } from '../../model/keyring.js'

/** What the manifest wants a user to log in with, as far as it could be read. */
export interface WantedPassword {
  readonly user: string
  readonly source: 'generated' | 'none' | 'unavailable' | { readonly given: Secret }
}

/**
 * Takes up what the sources say now. A password that can't be read leaves the last good one in force.
 * @returns the same object when nothing is new.
 */
export function syncPasswords(
  keyring: Keyring,
  wanted: readonly WantedPassword[],
  generate: () => Secret,
): Keyring {
  const names = new Set(wanted.map(one => one.user))
  const kept = keyring.users.map(keys => {
    const source = wanted.find(one => one.user === keys.user)?.source
    if (source !== undefined) return syncUser(readmitted(keys), source, generate)
    return internalUsers.includes(keys.user) || keys.departed ? keys : { ...keys, departed: true }
  })
  const added = [...names].flatMap(user => {
    if (keyring.users.some(keys => keys.user === user)) return []
    const current = firstKey(wanted.find(one => one.user === user)?.source ?? 'unavailable', generate)
    return current === null ? [] : [{ user, current, next: null, former: [], departed: false }]
  })
  const unchanged = added.length === 0 && kept.every((keys, index) => keys === keyring.users[index])
  return unchanged ? keyring : withReplication(keyring, { ...keyring, users: [...kept, ...added] }, generate)
}

/**
 * Whenever an application's password changes, from wherever the new one comes, that of `replication` changes
 * as well: whoever had the old one may have read this one too (`CONFIG GET masterauth`, for a user that may),
 * and would go on copying all of the data. Nobody notices it. One that is being rotated already is new
 * enough.
 */
function withReplication(before: Keyring, after: Keyring, generate: () => Secret): Keyring {
  const changed = after.users.some(({ user, next }) => {
    const was = before.users.find(one => one.user === user)
    return was !== undefined && !internalUsers.includes(user) && next !== null && next !== was.next
  })
  return changed ? withNext(after, [replicationUser], generate) : after
}

function readmitted(keys: UserKeys): UserKeys {
  return keys.departed ? { ...keys, departed: false } : keys
}

function firstKey(source: WantedPassword['source'], generate: () => Secret): Key | null {
  if (source === 'unavailable') return null
  return typeof source === 'string'
    ? { secret: generate(), origin: 'generated' }
    : { secret: source.given, origin: 'given' }
}

function syncUser(keys: UserKeys, source: WantedPassword['source'], generate: () => Secret): UserKeys {
  if (source === 'unavailable') return keys
  if (source !== 'none' && source !== 'generated') return syncGivenPassword(keys, source.given)
  const newest = keys.next ?? keys.current
  // Without a password (`none`) the last one is kept: going back to a generated one is then no rotation.
  if (newest.origin === 'generated' || (source === 'none' && newest.origin === 'given')) return keys
  if (newest.origin === null) return { ...keys, current: { ...keys.current, origin: 'generated' } }
  return { ...keys, next: { secret: generate(), origin: 'generated' } }
}

function syncGivenPassword(keys: UserKeys, secret: Secret): UserKeys {
  const given: Key = { secret, origin: 'given' }
  if (isSame(keys.current.secret, secret)) {
    const isCurrent = keys.next === null && keys.current.origin === 'given'
    // A file that was put back: what was on its way is not wanted any more.
    return isCurrent ? keys : { ...keys, current: given, next: null }
  }
  return keys.next !== null && isSame(keys.next.secret, secret) ? keys : { ...keys, next: given }
}

/**
 * Makes a new password for each of these users, and for `replication` with those of applications; one that is
 * being rotated already is left to end.
 */
export function rotatePasswords(keyring: Keyring, users: readonly string[], generate: () => Secret): Keyring {
  return withReplication(keyring, withNext(keyring, users, generate), generate)
}

function withNext(keyring: Keyring, users: readonly string[], generate: () => Secret): Keyring {
  return changeUsers(keyring, keys =>
    users.includes(keys.user) && keys.next === null
      ? { ...keys, next: { secret: generate(), origin: 'generated' } }
      : keys,
  )
}

/**
 * Has users that the keyring does not know taken from every node, as one is that the manifest does not name
 * any more.
 */
export function removeUnknownUsers(
  keyring: Keyring,
  names: readonly string[],
  generate: () => Secret,
): Keyring {
  const unknown = names.filter(name => !keyring.users.some(({ user }) => user === name))
  if (unknown.length === 0) return keyring
  const removed = unknown.map(user => ({
    user,
    current: { secret: generate(), origin: 'generated' as const },
    next: null,
    former: [],
    departed: true,
  }))
  return { ...keyring, users: [...keyring.users, ...removed] }
}

/**
 * The next passwords of these users become current; those before are accepted for as long as was asked for.
 */
export function activatePasswords(
  keyring: Keyring,
  users: readonly string[],
  at: { readonly nowMs: number; readonly overlapMs: number },
): Keyring {
  return changeUsers(keyring, keys => {
    const { current, next, former } = keys
    if (next === null || !users.includes(keys.user)) return keys
    const before = { secret: current.secret, untilMs: at.nowMs + at.overlapMs }
    return {
      ...keys,
      current: next,
      next: null,
      former: [...former.filter(one => !isSame(one.secret, next.secret)), before],
    }
  })
}

/** Drops what is not accepted any more, and users that are gone from every node. */
export function retirePasswords(
  keyring: Keyring,
  gone: {
    readonly users: readonly string[]
    readonly departed: readonly string[]
    readonly nowMs: number
  },
): Keyring {
  const left = keyring.users.filter(keys => !(keys.departed && gone.departed.includes(keys.user)))
  return changeUsers(left.length === keyring.users.length ? keyring : { ...keyring, users: left }, keys => {
    if (!gone.users.includes(keys.user)) return keys
    const former = keys.former.filter(one => one.untilMs > gone.nowMs)
    return former.length === keys.former.length ? keys : { ...keys, former }
  })
}

/** Everything that a node accepts of this user. */
export function acceptedPasswords({ current, next, former }: UserKeys): readonly Secret[] {
  return [current.secret, ...(next === null ? [] : [next.secret]), ...former.map(one => one.secret)]
}

/** @throws Error for a user that every keyring has. */
export function userKeysOf(keyring: Keyring, user: string): UserKeys {
  const keys = keyring.users.find(one => one.user === user)
  if (keys === undefined) throw new Error(`the keyring has no ${user}`)
  return keys
}

/** What every keyring has from its first moment. */
export function newKeyring(application: Key, generate: () => Secret): Keyring {
  const of = (user: string, current: Key): UserKeys => ({
    user,
    current,
    next: null,
    former: [],
    departed: false,
  })
  return {
    digestKey: generate(),
    users: [
      of(controlUser, { secret: generate(), origin: 'generated' }),
      of(replicationUser, { secret: generate(), origin: 'generated' }),
      of(applicationUser, application),
    ],
  }
}

function changeUsers(keyring: Keyring, change: (keys: UserKeys) => UserKeys): Keyring {
  const users = keyring.users.map(change)
  return users.every((keys, index) => keys === keyring.users[index]) ? keyring : { ...keyring, users }
}

function isSame(one: Secret, other: Secret): boolean {
  return one.reveal() === other.reveal()
}

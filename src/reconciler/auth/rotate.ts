import type { FlotillaSpec } from '../../model/spec.js'
import { applicationUser } from '../../model/acl-user.js'
import type { StateStore } from '../../state/state-store.js'
import { newPassword } from './ensure-keyring.js'
import { removeUnknownUsers, userKeysOf, rotatePasswords } from './keyring.js'
import { internalUsers } from '../../model/keyring.js'

/** Why Flotilla makes no new password of this user, and what to do; null when it does. */
export function whyNotRotate(
  spec: FlotillaSpec,
  user: string,
): { readonly reason: string; readonly hint: string } | null {
  if (internalUsers.includes(user)) return null
  const named = spec.auth.users.find(one => one.name === user)
  if (named === undefined && user !== applicationUser) {
    const known = [applicationUser, ...internalUsers, ...spec.auth.users.map(one => one.name)]
    return { reason: `there is no user ${user}`, hint: `There is: ${known.join(', ')}.` }
  }
  const source = named?.password ?? spec.auth
  switch (source.kind) {
    case 'generated':
      return null
    case 'none':
      return {
        reason: `${user} needs no password`,
        hint: 'The manifest says none; write generated to have one.',
      }
    case 'password-file':
      return {
        reason: `the password of ${user} comes from ${source.path}`,
        hint: 'Write the new one into that file; it is noticed within five seconds.',
      }
    case 'password-env':
      return {
        reason: `the password of ${user} comes from the daemon's environment variable ${source.variable}`,
        hint: 'Start the daemon with another value of it.',
      }
  }
}

/**
 * Makes new passwords of those of these users for whom that is possible, and has users that nobody asked us
 * for taken from every node, who would outlive it; both are on disk when it returns. @returns whose
 * passwords.
 */
export async function rotateStoredPasswords(
  store: StateStore,
  spec: FlotillaSpec,
  { users, unknown }: { readonly users: readonly string[]; readonly unknown: readonly string[] },
): Promise<readonly string[]> {
  const keyring = await store.loadKeyring(spec.name)
  const possible = users.filter(user => whyNotRotate(spec, user) === null)
  if (keyring === null || possible.length + unknown.length === 0) return []
  const rotated = rotatePasswords(keyring, possible, newPassword)
  await store.saveKeyring(spec.name, removeUnknownUsers(rotated, unknown, newPassword))
  const changed = rotated.users.filter(({ user, next }) => next !== userKeysOf(keyring, user).next)
  return [...new Set([...possible, ...changed.map(({ user }) => user)])]
}

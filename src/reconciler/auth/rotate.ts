import type { FlotillaSpec } from '../../manifest/spec.js'
import { applicationUser } from '../../redis/acl-user.js'
import type { StateStore } from '../../state/state-store.js'
import { newPassword } from './keep-keyring.js'
import { expelUsers, keysOf, ownUsers, rotatePasswords } from './keyring.js'

/** Why Flotilla makes no new password of this user, and what to do; null when it does. */
export function whyNotRotate(
  spec: FlotillaSpec,
  user: string,
): { readonly why: string; readonly hint: string } | null {
  if (ownUsers.includes(user)) return null
  const named = spec.auth.users.find(one => one.name === user)
  if (named === undefined && user !== applicationUser) {
    const known = [applicationUser, ...ownUsers, ...spec.auth.users.map(one => one.name)]
    return { why: `there is no user ${user}`, hint: `There is: ${known.join(', ')}.` }
  }
  const source = named?.password ?? spec.auth
  switch (source.kind) {
    case 'generated':
      return null
    case 'none':
      return {
        why: `${user} needs no password`,
        hint: 'The manifest says none; write generated to have one.',
      }
    case 'password-file':
      return {
        why: `the password of ${user} comes from ${source.path}`,
        hint: 'Write the new one into that file; it is noticed within five seconds.',
      }
    case 'password-env':
      return {
        why: `the password of ${user} comes from the daemon's environment variable ${source.variable}`,
        hint: 'Start the daemon with another value of it.',
      }
  }
}

/**
 * Makes new passwords of those of these users for whom that is possible, and has users that nobody asked us for taken from every node, who would outlive it; both are on
 * disk when it returns. @returns whose passwords.
 */
export async function rotateStored(
  store: StateStore,
  spec: FlotillaSpec,
  { users, unknown }: { readonly users: readonly string[]; readonly unknown: readonly string[] },
): Promise<readonly string[]> {
  const keyring = await store.loadKeyring(spec.name)
  const possible = users.filter(user => whyNotRotate(spec, user) === null)
  if (keyring === null || possible.length + unknown.length === 0) return []
  const rotated = rotatePasswords(keyring, possible, newPassword)
  await store.saveKeyring(spec.name, expelUsers(rotated, unknown, newPassword))
  const changed = rotated.users.filter(({ user, next }) => next !== keysOf(keyring, user).next)
  return [...new Set([...possible, ...changed.map(({ user }) => user)])]
}

import { createHmac } from 'node:crypto'
import type { FlotillaSpec } from '../../model/spec.js'
import { gatewayUser, type AclUser } from '../../model/acl-user.js'
import type { NodeAuth } from './node-auth.js'
import type { ObservedUsers } from '../../model/observation.js'
import type { Keyring } from '../../model/keyring.js'

/** How what a node says of its users and passwords is judged, by one who knows them. */
export interface AuthChecks {
  /** Of the lines of ACL LIST. */
  readonly checkUsers: (listed: readonly string[]) => ObservedUsers
  /**
   * Whether this is what nodes log in to their master with; null while one of them follows a Redis that is
   * not ours.
   */
  readonly isReplicationPassword: ((password: string) => boolean) | null
}

export function createAuthChecks(
  known: { readonly auth: NodeAuth; readonly keyring: Keyring; readonly spec: FlotillaSpec },
  { followsSource }: { readonly followsSource: boolean },
): AuthChecks {
  return {
    checkUsers: listed => compareUsers(listed, known),
    isReplicationPassword: followsSource
      ? null
      : password => password === known.auth.credentials.replication.reveal(),
  }
}

/**
 * Compares what a node lists with what nodes are given. Servers write rules in words of their own, so those
 * are compared by digest, with what the node listed before.
 */
export function compareUsers(
  listed: readonly string[],
  {
    auth,
    keyring,
    spec,
  }: { readonly auth: NodeAuth; readonly keyring: Keyring; readonly spec: FlotillaSpec },
): ObservedUsers {
  const lines = new Map(listed.map(line => [line.split(' ')[1] ?? '', line]))
  const ours = [...auth.users, ...auth.others]
  const known = new Set([
    ...ours.map(({ name }) => name),
    // Until nodes are told that there is no gateway any more; it opens nothing.
    gatewayUser,
    ...keyring.users.map(({ user }) => user),
    ...spec.auth.users.map(({ name }) => name),
  ])
  const text = ours.map(({ name }) => lines.get(name) ?? '').join('\n')
  return {
    digest: createHmac('sha256', keyring.digestKey.reveal()).update(text).digest('hex').slice(0, 16),
    wrong: ours
      .filter(user => loginOf(user.rules) !== loginOfLine(lines.get(user.name)))
      .map(({ name }) => name),
    unknown: [...lines.keys()].filter(name => name !== '' && !known.has(name)).sort(),
  }
}

function loginOfLine(line: string | undefined): string {
  return line === undefined ? 'missing' : loginOf(line.split(' ').slice(2))
}

/** Whether and by which passwords it lets in: every server lists that in the words it was given. */
function loginOf(rules: AclUser['rules']): string {
  const on = rules.includes('on') ? 'on' : 'off'
  return [on, ...rules.filter(rule => rule === 'nopass' || rule.startsWith('#')).sort()].join(' ')
}

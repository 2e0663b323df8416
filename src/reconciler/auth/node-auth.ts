import { createHmac } from 'node:crypto'
import { canonicalJson } from '../../json-digest.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { Secret } from '../../secret.js'
import {
  applicationUser,
  controlUser,
  gatewayUser,
  replicationUser,
  type AclUser,
} from '../../model/acl-user.js'
import { aclUsers, type AclPasswords } from '../../redis/acl.js'
import { acceptedPasswords, userKeysOf } from './keyring.js'
import type { LoadedKeyring } from './password-sources.js'
import type { Encryption, NodeCredentials } from '../../model/redis.js'
import type { AuthView } from '../../model/auth-view.js'
import { internalUsers, type Keyring } from '../../model/keyring.js'

/**
 * What every node of a flotilla is given: who may log in with what, and what it logs in to its master with.
 */
export interface NodeAuth {
  /** What Flotilla itself uses now. */
  readonly credentials: NodeCredentials
  readonly users: readonly AclUser[]
  /**
   * Those that the manifest names. They are given to processes only, never to files: a server does not start
   * with a rule that it does not know.
   */
  readonly others: readonly AclUser[]
  /** Users that were there and are to go. */
  readonly departed: readonly string[]
  /** Applications need no password. */
  readonly isPasswordless: boolean
  /**
   * Over all of it, keyed: the same for a node that has it, and of no use to whoever would guess passwords.
   */
  readonly digest: string
}

/** @throws FlotillaError manifest/invalid for a password that is empty. */
export function nodeAuth(
  keyring: Keyring,
  spec: FlotillaSpec,
  way: { readonly encryption?: Encryption } = {},
): NodeAuth {
  const keys = (user: string) => userKeysOf(keyring, user)
  const isPasswordless = spec.auth.kind === 'none'
  const [users, others] = splitUsers({
    defaultUser: spec.auth.defaultUser,
    control: acceptedPasswords(keys(controlUser)),
    replication: acceptedPasswords(keys(replicationUser)),
    ...(spec.gateway === null ? {} : { gateway: gatewayPassword(keyring) }),
    application: isPasswordless ? 'none' : acceptedPasswords(keys(applicationUser)),
    others: spec.auth.users.flatMap(({ name, rules, password }): AclPasswords['others'] => {
      if (password.kind === 'none') return [{ name, rules, passwords: 'none' }]
      const known = keyring.users.find(one => one.user === name)
      // Its password could not be read so far: there is nothing to let it in with.
      return known === undefined ? [] : [{ name, rules, passwords: acceptedPasswords(known) }]
    }),
  })
  const credentials = { ...credentialsOf(keyring, spec), ...way }
  const departed = keyring.users.filter(one => one.departed).map(one => one.user)
  // As earlier versions called it: under another name every running node would be given all of it again.
  const openToAll = isPasswordless
  const given = { users, others, departed, openToAll, masterauth: credentials.replication.reveal() }
  const digest = createHmac('sha256', keyring.digestKey.reveal()).update(canonicalJson(given)).digest('hex')
  return { credentials, users, others, departed, isPasswordless, digest: digest.slice(0, 16) }
}

/** For the gateway alone, from what the state directory tells nobody. */
export function gatewayPassword({ digestKey }: Keyring): Secret {
  return new Secret(createHmac('sha256', digestKey.reveal()).update(gatewayUser).digest('hex'))
}

export function authView(
  { keyring, problems, isPartial }: LoadedKeyring,
  { digest, others }: Pick<NodeAuth, 'digest' | 'others'>,
): AuthView {
  return {
    digest,
    others: others.map(({ name }) => name),
    pending: keyring.users
      .filter(one => one.next !== null && !one.departed)
      .map(({ user }) => ({ user, own: internalUsers.includes(user) })),
    former: keyring.users.flatMap(({ user, former }) =>
      former.map(({ untilMs }) => ({ user, own: internalUsers.includes(user), untilMs })),
    ),
    departed: keyring.users.filter(one => one.departed).map(one => one.user),
    problems,
    isPartial,
  }
}

function splitUsers(keys: AclPasswords): readonly [readonly AclUser[], readonly AclUser[]] {
  const names = keys.others.map(one => one.name)
  const all = aclUsers(keys)
  return [all.filter(user => !names.includes(user.name)), all.filter(user => names.includes(user.name))]
}

/** What Flotilla logs in with, and tells people. */
export function credentialsOf(keyring: Keyring, spec: FlotillaSpec): NodeCredentials {
  return {
    control: userKeysOf(keyring, controlUser).current.secret,
    replication: userKeysOf(keyring, replicationUser).current.secret,
    application: spec.auth.kind === 'none' ? null : userKeysOf(keyring, applicationUser).current.secret,
  }
}

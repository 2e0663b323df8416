import { createHmac } from 'node:crypto'
import { canonicalJson } from '../../manifest/digest.js'
import type { FlotillaSpec } from '../../manifest/spec.js'
import { applicationUser, controlUser, replicationUser, type AclUser } from '../../redis/acl-user.js'
import { aclUsers, type AclKeys } from '../../redis/acl.js'
import type { Encryption, NodeCredentials } from '../../redis/redis.js'
import { acceptedOf, keysOf, ownUsers, type Keyring } from './keyring.js'
import type { KeptKeyring, SourceProblem } from './sources.js'

/** What every node of a flotilla is given: who may log in with what, and what it logs in to its master with. */
export interface NodeAuth {
  /** What Flotilla itself uses now. */
  readonly credentials: NodeCredentials
  readonly users: readonly AclUser[]
  /** Those that the manifest names. They are given to processes only, never to files: a server does not start with a rule that it does not know. */
  readonly others: readonly AclUser[]
  /** Users that were there and are to go. */
  readonly departed: readonly string[]
  /** Applications need no password. */
  readonly openToAll: boolean
  /** Over all of it, keyed: the same for a node that has it, and of no use to whoever would guess passwords. */
  readonly digest: string
}

/** The same for the planner, which sees no password. */
export interface AuthView {
  readonly digest: string
  /** Users with a new password that no node may have yet; of `own` ones every node must have it before it is used. */
  readonly pending: readonly { readonly user: string; readonly own: boolean }[]
  /** Former passwords that are still accepted, each until then. */
  readonly former: readonly { readonly user: string; readonly own: boolean; readonly untilMs: number }[]
  readonly departed: readonly string[]
  /** Users that the manifest names. */
  readonly others: readonly string[]
  readonly problems: readonly SourceProblem[]
  /** Some sources could not be looked at from here; whether they are well only the daemon knows. */
  readonly blind: boolean
}

/** @throws FlotillaError manifest/invalid for a password that is empty. */
export function nodeAuth(
  keyring: Keyring,
  spec: FlotillaSpec,
  way: { readonly encryption?: Encryption } = {},
): NodeAuth {
  const keys = (user: string) => keysOf(keyring, user)
  const openToAll = spec.auth.kind === 'none'
  const [users, others] = ownAndOthers({
    defaultUser: spec.auth.defaultUser,
    control: acceptedOf(keys(controlUser)),
    replication: acceptedOf(keys(replicationUser)),
    application: openToAll ? 'none' : acceptedOf(keys(applicationUser)),
    others: spec.auth.users.flatMap(({ name, rules, password }): AclKeys['others'] => {
      if (password.kind === 'none') return [{ name, rules, passwords: 'none' }]
      const known = keyring.users.find(one => one.user === name)
      // Its password could not be read so far: there is nothing to let it in with.
      return known === undefined ? [] : [{ name, rules, passwords: acceptedOf(known) }]
    }),
  })
  const credentials = { ...credentialsOf(keyring, spec), ...way }
  const departed = keyring.users.filter(one => one.departed).map(one => one.user)
  const given = { users, others, departed, openToAll, masterauth: credentials.replication.reveal() }
  const digest = createHmac('sha256', keyring.digestKey.reveal()).update(canonicalJson(given)).digest('hex')
  return { credentials, users, others, departed, openToAll, digest: digest.slice(0, 16) }
}

export function authView(
  { keyring, problems, blind }: KeptKeyring,
  { digest, others }: Pick<NodeAuth, 'digest' | 'others'>,
): AuthView {
  return {
    digest,
    others: others.map(({ name }) => name),
    pending: keyring.users
      .filter(one => one.next !== null && !one.departed)
      .map(({ user }) => ({ user, own: ownUsers.includes(user) })),
    former: keyring.users.flatMap(({ user, former }) =>
      former.map(({ untilMs }) => ({ user, own: ownUsers.includes(user), untilMs })),
    ),
    departed: keyring.users.filter(one => one.departed).map(one => one.user),
    problems,
    blind,
  }
}

function ownAndOthers(keys: AclKeys): readonly [readonly AclUser[], readonly AclUser[]] {
  const names = keys.others.map(one => one.name)
  const all = aclUsers(keys)
  return [all.filter(user => !names.includes(user.name)), all.filter(user => names.includes(user.name))]
}

/** What Flotilla logs in with, and tells people. */
export function credentialsOf(keyring: Keyring, spec: FlotillaSpec): NodeCredentials {
  return {
    control: keysOf(keyring, controlUser).current.secret,
    replication: keysOf(keyring, replicationUser).current.secret,
    application: spec.auth.kind === 'none' ? null : keysOf(keyring, applicationUser).current.secret,
  }
}

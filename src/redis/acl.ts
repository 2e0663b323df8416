import { createHash } from 'node:crypto'
import { FlotillaError } from '../errors.js'
import type { DefaultUserAccess } from '../model/spec.js'
import type { Secret } from '../secret.js'
import {
  applicationUser,
  controlUser,
  gatewayUser,
  replicationUser,
  type AclUser,
} from '../model/acl-user.js'
import { ruleTokens } from './acl-rules.js'
import type { NodeCredentials } from '../model/redis.js'

/**
 * What `flotilla` may do: look, give the orders of replication, pause and drop clients, rotate passwords,
 * save and stop. No key, no channel, no command that reads or writes data (SLOWLOG would show some). Every
 * word exists in Redis 6.2 and in Valkey: a server refuses to start on one that it doesn't know.
 */
const controlCommands = [
  ...['ping', 'info', 'role', 'time', 'hello', 'auth', 'dbsize', 'wait'],
  ...['replicaof', 'config|get', 'config|set', 'bgsave', 'lastsave', 'shutdown', 'script|kill'],
  ...['client|pause', 'client|unpause', 'client|kill', 'client|list', 'client|setname', 'client|id'],
  ...['acl|setuser', 'acl|deluser', 'acl|list', 'acl|load', 'acl|log', 'acl|whoami'],
]

/**
 * Enough for a replica to follow. PSYNC hands over the whole data set, so this password is one to all data.
 */
const replicationCommands = ['psync', 'replconf', 'ping']

/** INFO tells who is master; what it tells besides is no data. */
const gatewayCommands = ['info', 'ping']

/**
 * What applications need of `default`: all of the data, scripts, functions, pub/sub, and what client
 * libraries ask at each connection. Not what administers the server, its users or its replication, and
 * neither of two that reach further than the data: MIGRATE connects to any host, RESTORE reads bytes that can
 * be made to crash a server.
 *
 * One list for every version. A server does not start with a command that it does not know, so what one
 * version has and another lacks is named by its category: SORT_RO (7.0) is in @read. 6.2 knows CLIENT and ACL
 * as a whole, both @admin, where later versions judge each subcommand; there, what is given back here is the
 * only part of them.
 */
const restrictedRules = [
  ...['+@all', '-@dangerous', '+@read', '+@write', '-@admin', '-migrate', '-restore', '-restore-asking'],
  ...['+info', '+role', '+acl|whoami'],
  ...['setname', 'getname', 'id', 'info', 'list', 'reply'].map(word => `+client|${word}`),
  ...['tracking', 'trackinginfo', 'caching', 'getredir'].map(word => `+client|${word}`),
]

/**
 * What `default` may do. Off, it may do nothing either: connections that it has open outlive being switched
 * off.
 */
const defaultUserRules: Readonly<Record<DefaultUserAccess, readonly string[]>> = {
  full: ['~*', '&*', '+@all'],
  restricted: ['~*', '&*', ...restrictedRules],
  off: onlyCommands([]),
}

/** Who may log in with what. `none`: without a password. */
export interface AclPasswords {
  readonly defaultUser: DefaultUserAccess
  readonly control: readonly Secret[]
  readonly replication: readonly Secret[]
  readonly application: readonly Secret[] | 'none'
  /** Left out: there is no gateway. */
  readonly gateway?: Secret
  readonly others: readonly {
    readonly name: string
    readonly passwords: readonly Secret[] | 'none'
    /** From the manifest. */
    readonly rules: string
  }[]
}

/**
 * The users of a node, the same for every node of a flotilla: each may become master. `default` may do what
 * the manifest's `auth.default` says; it needs the flotilla's password, or none where the manifest says
 * `auth: none`.
 *
 * @throws FlotillaError manifest/invalid when a password is empty: Redis would take it for a real one.
 */
export function aclUsers({
  defaultUser,
  control,
  replication,
  application,
  gateway,
  others,
}: AclPasswords): readonly AclUser[] {
  return [
    user(applicationUser, application, defaultUserRules[defaultUser], defaultUser === 'off' ? 'off' : 'on'),
    user(controlUser, control, onlyCommands(controlCommands)),
    user(replicationUser, replication, onlyCommands(replicationCommands)),
    ...(gateway === undefined ? [] : [user(gatewayUser, [gateway], onlyCommands(gatewayCommands))]),
    ...others.map(({ name, passwords, rules }) =>
      user(name, passwords, ['resetkeys', 'resetchannels', '-@all', ...ruleTokens(rules)]),
    ),
  ]
}

/** With one password each and nobody else; `default` may do everything. */
export function aclPasswordsOf({ control, replication, application }: NodeCredentials): AclPasswords {
  return {
    defaultUser: 'full',
    control: [control],
    replication: [replication],
    application: application === null ? 'none' : [application],
    others: [],
  }
}

/** The ACL file that a node reads at its start. */
export function renderAcl(users: readonly AclUser[]): string {
  return users.map(({ name, rules }) => `user ${name} ${rules.join(' ')}\n`).join('')
}

/** The ACL rule that lets in whoever knows this password, without telling it: `#` and its SHA-256 in hex. */
export function passwordRule(password: string, name: string): string {
  if (password === '')
    throw new FlotillaError('manifest/invalid', `the password of the Redis user ${name} is empty`, {
      hint: 'Give it at least one character, or say `auth: none` to go without.',
    })
  return `#${createHash('sha256').update(password, 'utf8').digest('hex')}`
}

function user(
  name: string,
  passwords: readonly Secret[] | 'none',
  permissions: readonly string[],
  state: 'on' | 'off' = 'on',
): AclUser {
  const login =
    passwords === 'none' ? ['nopass'] : passwords.map(secret => passwordRule(secret.reveal(), name))
  return { name, rules: [state, ...login, ...permissions] }
}

function onlyCommands(commands: readonly string[]): readonly string[] {
  return ['resetkeys', 'resetchannels', '-@all', ...commands.map(command => `+${command}`)]
}

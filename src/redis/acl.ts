import { createHash } from 'node:crypto'
import { FlotillaError } from '../errors.js'
import type { RenderedFile } from './config.js'
import type { NodeCredentials } from './redis.js'

/** The ACL users that Flotilla makes; `default` is whom applications log in as. */
export const controlUser = 'flotilla'
export const replicationUser = 'replication'
export const applicationUser = 'default'

/**
 * What `flotilla` may do: look, give the orders of replication, pause and drop clients, rotate passwords, save and stop. No key, no channel, no
 * command that reads or writes data (SLOWLOG would show some). Every word exists in Redis 6.2 and in Valkey: a server refuses to start on one that it doesn't know.
 */
const controlCommands = [
  ...['ping', 'info', 'role', 'time', 'hello', 'auth', 'dbsize', 'wait'],
  ...['replicaof', 'config|get', 'config|set', 'bgsave', 'lastsave', 'shutdown', 'script|kill'],
  ...['client|pause', 'client|unpause', 'client|kill', 'client|list', 'client|setname', 'client|id'],
  ...['acl|setuser', 'acl|list', 'acl|load', 'acl|log', 'acl|whoami'],
]

/** Enough for a replica to follow. PSYNC hands over the whole data set, so this password is one to all data. */
const replicationCommands = ['psync', 'replconf', 'ping']

/**
 * The ACL file of a node, the same for every node of a flotilla: each may become master. Passwords are in it as SHA-256 only.
 *
 * `default` may do everything, as on a Redis without ACLs; it needs the flotilla's password, or none where the manifest says `auth: none`.
 *
 * @throws FlotillaError manifest/invalid when a password is empty: Redis would take it for a real one.
 */
export function renderAcl(credentials: NodeCredentials): RenderedFile {
  const { application, control, replication } = credentials
  const applicationRule =
    application === null ? 'nopass' : passwordRule(application.reveal(), applicationUser)
  const controlRule = passwordRule(control.reveal(), controlUser)
  const replicationRule = passwordRule(replication.reveal(), replicationUser)
  return {
    text: aclText({ applicationRule, controlRule, replicationRule }),
    textWithoutSecrets: aclText({
      applicationRule: application === null ? 'nopass' : '[secret]',
      controlRule: '[secret]',
      replicationRule: '[secret]',
    }),
  }
}

/** The ACL rule that lets in whoever knows this password, without telling it: `#` and its SHA-256 in hex. */
export function passwordRule(password: string, user: string): string {
  if (password === '')
    throw new FlotillaError('manifest/invalid', `the password of the Redis user ${user} is empty`, {
      hint: 'Give it at least one character, or say `auth: none` to go without.',
    })
  return `#${createHash('sha256').update(password, 'utf8').digest('hex')}`
}

interface Rules {
  readonly applicationRule: string
  readonly controlRule: string
  readonly replicationRule: string
}

function aclText({ applicationRule, controlRule, replicationRule }: Rules): string {
  const users = [
    `user ${applicationUser} on ${applicationRule} ~* &* +@all`,
    `user ${controlUser} on ${controlRule} ${onlyCommands(controlCommands)}`,
    `user ${replicationUser} on ${replicationRule} ${onlyCommands(replicationCommands)}`,
  ]
  return `${users.join('\n')}\n`
}

function onlyCommands(commands: readonly string[]): string {
  return `resetkeys resetchannels -@all ${commands.map(command => `+${command}`).join(' ')}`
}

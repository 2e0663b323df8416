import type { Clock } from '../../clock.js'
import { errorCode } from '../../errors.js'
import { controlUser, type AclUser } from '../../model/acl-user.js'
import { namesOfCommands, readCommands } from '../commands.js'
import { expectedNameOption } from '../tls.js'
import type { Reply } from './connection.js'
import { sendWithRetry } from './send.js'
import { commandError } from './errors.js'
import type { ConnectionPool } from './connection-pool.js'
import { sentinelsIn } from './sentinels.js'
import type { NodeTarget, Upstream, CommandFacts } from '../../model/redis.js'

export interface NodeCommandContext {
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
}

/** A master stays a master: Redis says OK and changes nothing. */
export async function promoteNode(context: NodeCommandContext): Promise<void> {
  const commandText = 'REPLICAOF NO ONE'
  acceptAll(context.node, commandText, await send(context, commandText, [['REPLICAOF', 'NO', 'ONE']]))
}

/**
 * Both REPLICAOFs of a reconnect go in one packet and are carried out in one turn: the first breaks the
 * no-op, the second connects at once. The address of the first is never spoken to. A full copy is had
 * in the same way: as its own master for the time between two commands of one packet the node begins a
 * lineage that nobody knows, so that no master can go on from where it stands. Whoever may write to it may
 * not any more by then.
 */
export async function followUpstream(
  context: NodeCommandContext,
  upstream: Upstream,
  { reconnect, fullCopy }: { readonly reconnect: Upstream | null; readonly fullCopy: boolean },
): Promise<void> {
  const commandText = `REPLICAOF ${upstream.host} ${upstream.port}`
  const commands = [
    ...encryption(upstream),
    ...(fullCopy
      ? [
          ['CONFIG', 'SET', 'replica-read-only', 'yes'],
          ['REPLICAOF', 'NO', 'ONE'],
        ]
      : []),
    ...(reconnect === null ? [replicaOf(upstream)] : [replicaOf(reconnect), replicaOf(upstream)]),
  ]
  const naming = expectation(upstream)
  const replies = await send(context, commandText, [...naming, ...commands])
  // A server that can't look at names follows all the same, as it always has.
  acceptAll(context.node, commandText, replies.slice(naming.length))
}

/** Never without an end: a pause that nobody lifts is an outage. */
export async function pauseNodeWrites(context: NodeCommandContext, forMs: number): Promise<void> {
  const commandText = `CLIENT PAUSE ${forMs} WRITE`
  acceptAll(
    context.node,
    commandText,
    await send(context, commandText, [['CLIENT', 'PAUSE', String(forMs), 'WRITE']]),
  )
}

export async function resumeNodeWrites(context: NodeCommandContext): Promise<void> {
  const commandText = 'CLIENT UNPAUSE'
  acceptAll(context.node, commandText, await send(context, commandText, [['CLIENT', 'UNPAUSE']]))
}

/**
 * Replicas are a type of their own and stay; SKIPME, which is the default, spares the connection that this
 * comes by.
 */
export async function disconnectNodeClients(context: NodeCommandContext): Promise<number> {
  const commandText = 'CLIENT KILL TYPE normal, pubsub'
  const replies = await send(context, commandText, [
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
  ])
  acceptAll(context.node, commandText, replies)
  return replies.reduce((sum, reply) => sum + (reply.kind === 'value' ? Number(reply.value) : 0), 0)
}

/**
 * Whom the node's own address in CLIENT LIST (`laddr`, from 6.2 on) shows to have come by this port. Ours is
 * not among them: we come by the other one.
 */
export async function disconnectClientsOfPort(context: NodeCommandContext, port: number): Promise<number> {
  const commandText = 'CLIENT LIST'
  const lists = await send(context, commandText, [
    ['CLIENT', 'LIST', 'TYPE', 'normal'],
    ['CLIENT', 'LIST', 'TYPE', 'pubsub'],
    ['CLIENT', 'ID'],
  ])
  acceptAll(context.node, commandText, lists)
  const [normal, pubsub, own] = lists.map(reply => (reply.kind === 'value' ? String(reply.value) : ''))
  const ids = `${normal}\n${pubsub}`
    .split('\n')
    .filter(line => line.split(' ').some(field => field.startsWith('laddr=') && field.endsWith(`:${port}`)))
    .map(line => /^id=(\d+)/.exec(line)?.[1] ?? own ?? '')
    .filter(id => id !== own)
  if (ids.length === 0) return 0
  // One that has left meanwhile is no failure: KILL with filters answers how many it closed.
  await send(
    context,
    'CLIENT KILL',
    ids.map(id => ['CLIENT', 'KILL', 'ID', id]),
  )
  return ids.length
}

/**
 * In the same turn as REPLICAOF: the link that there is stays as it is, and no attempt is made with the one
 * and not the other.
 */
function encryption({ encrypted, port }: Upstream): readonly (readonly string[])[] {
  if (encrypted === undefined) return []
  return [
    ['CONFIG', 'SET', 'tls-replication', encrypted ? 'yes' : 'no'],
    ['CONFIG', 'SET', 'replica-announce-port', String(port)],
  ]
}

/**
 * Before the link is made, because it is looked at only then: one made without stays as it is for as long as
 * it lasts. A command of its own, so that who doesn't know it carries out the rest.
 */
function expectation({ encrypted, expectedName }: Upstream): readonly (readonly string[])[] {
  return encrypted === true && expectedName !== undefined
    ? [['CONFIG', 'SET', expectedNameOption, expectedName]]
    : []
}

/**
 * `reset` and all that follows are carried out on a copy that then takes the user's place, so no moment comes
 * in which it may do less. What we may do ourselves comes first, in the same packet: a node of an earlier
 * version does not let us remove users before it.
 */
export async function setNodeUsers(
  context: NodeCommandContext,
  { set, remove }: { readonly set: readonly AclUser[]; readonly remove: readonly string[] },
): Promise<void> {
  const ours = (user: AclUser): number => (user.name === controlUser ? 0 : 1)
  const commands = set
    .toSorted((a, b) => ours(a) - ours(b))
    .map(({ name, rules }) => ['ACL', 'SETUSER', name, 'reset', ...rules])
  const aclCommands = remove.length === 0 ? commands : [...commands, ['ACL', 'DELUSER', ...remove]]
  const replies = await send(context, 'ACL SETUSER', aclCommands)
  replies.forEach((reply, index) => {
    if (reply.kind === 'error')
      throw refusal(context.node, aclCommands[index]?.slice(0, 3).join(' ') ?? 'ACL', reply.message, [])
  })
}

export async function listNodeUsers(context: NodeCommandContext): Promise<readonly string[]> {
  const commandText = 'ACL LIST'
  const replies = await send(context, commandText, [['ACL', 'LIST']])
  acceptAll(context.node, commandText, replies)
  const [reply] = replies
  return reply?.kind === 'value' && Array.isArray(reply.value) ? reply.value.map(String) : []
}

function replicaOf({ host, port }: Upstream): readonly string[] {
  return ['REPLICAOF', host, String(port)]
}

/**
 * Sets all options in one atomic command where the server can (Redis ≥ 7). Options that it doesn't know are
 * left out and returned.
 * @throws FlotillaError redis/refused-command for a value or an option that it won't take; from 7 on nothing
 * is set then.
 */
export async function setNodeConfig(
  context: NodeCommandContext,
  config: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const unknown: string[] = []
  let options = Object.entries(config)
  while (options.length > 0) {
    const error = await setOptions(context, options)
    if (error === null) return unknown
    const name = unknownOption(error, options)
    if (name !== null) {
      unknown.push(name)
      options = options.filter(option => option[0] !== name)
    } else if (options.length > 1 && takesOneOnly(error)) {
      const each = await setOneByOne(context, options)
      return [...unknown, ...each]
    } else throw refusal(context.node, configSetText(options), error, secretValues(config))
  }
  return unknown
}

/** With SCHEDULE it waits for a child that rewrites the append-only file, instead of being refused. */
export async function saveNodeSnapshot(context: NodeCommandContext): Promise<void> {
  const commandText = 'BGSAVE SCHEDULE'
  const [reply] = await send(context, commandText, [['BGSAVE', 'SCHEDULE']])
  if (reply?.kind === 'error' && !/already in progress/i.test(reply.message))
    throw refusal(context.node, commandText, reply.message, [])
}

/**
 * A server that ends answers nothing: a connection that closes is what was asked for. A second try would find
 * nobody.
 */
export async function shutDownNode(context: NodeCommandContext, save: boolean): Promise<void> {
  const { pool, clock, node, deadlineMs } = context
  const commandText = save ? 'SHUTDOWN SAVE' : 'SHUTDOWN'
  const connect = () => pool.find(node) ?? pool.open(node)
  const commands = [commandText.split(' ')]
  try {
    const request = { clock, node, commandText, commands, deadlineMs, connect, repeatable: false }
    acceptAll(node, commandText, await sendWithRetry(request))
  } catch (error) {
    if (errorCode(error) !== 'redis/unreachable') throw error
  }
}

/** One CONFIG GET each, in one packet: 6.2 takes no more. A name is taken as it is, never as a pattern. */
export async function getNodeConfig(
  context: NodeCommandContext,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const commandText = `CONFIG GET ${names.join(', ')}`
  const replies = await send(
    context,
    commandText,
    names.map(name => ['CONFIG', 'GET', name]),
  )
  acceptAll(context.node, commandText, replies)
  return Object.fromEntries(
    replies.flatMap((reply, index) => {
      const [name, value] = reply.kind === 'value' && Array.isArray(reply.value) ? reply.value : []
      return String(name).toLowerCase() === names[index] ? [[names[index], String(value)]] : []
    }),
  )
}

/** By their names each is asked after, which shows those that have another. */
export async function listNodeCommands(context: NodeCommandContext): Promise<readonly CommandFacts[]> {
  const commandText = 'COMMAND'
  const replies = await send(context, commandText, [['COMMAND'], ['INFO', 'commandstats']])
  acceptAll(context.node, commandText, replies)
  const [all, stats] = replies.map(reply => (reply.kind === 'value' ? reply.value : null))
  const names = namesOfCommands(all).map(({ name }) => name)
  const found = await send(context, 'COMMAND INFO', [['COMMAND', 'INFO', ...names]])
  acceptAll(context.node, 'COMMAND INFO', found)
  const [reply] = found
  return readCommands(all, reply?.kind === 'value' ? reply.value : null, String(stats))
}

/** Of subscribers alone: there are few as a rule, and each Sentinel is one. */
export async function listNodeSentinels(context: NodeCommandContext): Promise<readonly string[]> {
  const commandText = 'CLIENT LIST TYPE pubsub'
  const replies = await send(context, commandText, [['CLIENT', 'LIST', 'TYPE', 'pubsub']])
  acceptAll(context.node, commandText, replies)
  return replies.flatMap(reply => (reply.kind === 'value' ? sentinelsIn(String(reply.value)) : []))
}

async function setOneByOne(
  context: NodeCommandContext,
  options: readonly (readonly [string, string])[],
): Promise<readonly string[]> {
  const unknown: string[] = []
  for (const option of options) unknown.push(...(await setNodeConfig(context, Object.fromEntries([option]))))
  return unknown
}

async function setOptions(
  context: NodeCommandContext,
  options: readonly (readonly [string, string])[],
): Promise<string | null> {
  const [reply] = await send(context, configSetText(options), [['CONFIG', 'SET', ...options.flat()]])
  return reply?.kind === 'error' ? reply.message : null
}

function configSetText(options: readonly (readonly [string, string])[]): string {
  return `CONFIG SET ${options.map(([name]) => name).join(', ')}`
}

/** 6.2 repeats the value in its refusals; these are passwords. */
function secretValues(config: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(config).flatMap(([name, value]) => (/auth|pass/i.test(name) ? [value] : []))
}

/**
 * 7.0: `Unknown option or number of arguments for CONFIG SET - 'x'`; 6.2: `Unsupported CONFIG parameter: x`.
 */
function unknownOption(error: string, options: readonly (readonly [string, string])[]): string | null {
  const named = /^(?:ERR )?(?:Unknown option[^-]* - '(.*)'|Unsupported CONFIG parameter: (.*))/is.exec(error)
  if (named === null) return null
  const name = (named[1] ?? named[2] ?? '').trim().toLowerCase()
  return options.find(option => option[0].toLowerCase() === name)?.[0] ?? null
}

/** 6.2 sets one option at a time, and says of more that their number is wrong. */
function takesOneOnly(error: string): boolean {
  return /wrong number of arguments/i.test(error)
}

function send(
  { pool, clock, node, deadlineMs }: NodeCommandContext,
  commandText: string,
  commands: readonly (readonly string[])[],
): Promise<readonly Reply[]> {
  const connect = () => pool.find(node) ?? pool.open(node)
  return sendWithRetry({ clock, node, commandText, commands, deadlineMs, connect, repeatable: true })
}

function acceptAll(node: NodeTarget, commandText: string, replies: readonly Reply[]): void {
  for (const reply of replies) if (reply.kind === 'error') throw refusal(node, commandText, reply.message, [])
}

function refusal(node: NodeTarget, commandText: string, message: string, secrets: readonly string[]): Error {
  return commandError(node, { code: 'redis/refused-command', commandText, what: message, secrets })
}

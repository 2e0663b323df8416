import type { Clock } from '../../clock.js'
import { controlUser, type AclUser } from '../acl-user.js'
import { namesOfCommands, readCommands, type CommandFacts } from '../commands.js'
import type { NodeTarget, Upstream } from '../redis.js'
import { expectedNameOption } from '../tls.js'
import type { Reply } from './connection.js'
import { deliver } from './deliver.js'
import { orderError } from './errors.js'
import type { Links } from './links.js'
import { sentinelsIn } from './sentinels.js'

export interface OrderContext {
  readonly links: Links
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
}

/** A master stays a master: Redis says OK and changes nothing. */
export async function promoteNode(context: OrderContext): Promise<void> {
  const order = 'REPLICAOF NO ONE'
  acceptAll(context.node, order, await send(context, order, [['REPLICAOF', 'NO', 'ONE']]))
}

/**
 * Both REPLICAOFs of a nudge go in one packet and are carried out in one turn: the first breaks the no-op, the second connects at once. The
 * nudge's own address is never spoken to. A full copy is had in the same way: as its own master for the time between two commands of one packet the node begins
 * a lineage that nobody knows, so that no master can go on from where it stands. Whoever may write to it may not any more by then.
 */
export async function followUpstream(
  context: OrderContext,
  upstream: Upstream,
  { nudge, fullCopy }: { readonly nudge: Upstream | null; readonly fullCopy: boolean },
): Promise<void> {
  const order = `REPLICAOF ${upstream.host} ${upstream.port}`
  const commands = [
    ...encryption(upstream),
    ...(fullCopy
      ? [
          ['CONFIG', 'SET', 'replica-read-only', 'yes'],
          ['REPLICAOF', 'NO', 'ONE'],
        ]
      : []),
    ...(nudge === null ? [replicaOf(upstream)] : [replicaOf(nudge), replicaOf(upstream)]),
  ]
  const naming = expectation(upstream)
  const replies = await send(context, order, [...naming, ...commands])
  // A server that can't look at names follows all the same, as it always has.
  acceptAll(context.node, order, replies.slice(naming.length))
}

/** Never without an end: a pause that nobody lifts is an outage. */
export async function pauseNodeWrites(context: OrderContext, forMs: number): Promise<void> {
  const order = `CLIENT PAUSE ${forMs} WRITE`
  acceptAll(context.node, order, await send(context, order, [['CLIENT', 'PAUSE', String(forMs), 'WRITE']]))
}

export async function resumeNodeWrites(context: OrderContext): Promise<void> {
  const order = 'CLIENT UNPAUSE'
  acceptAll(context.node, order, await send(context, order, [['CLIENT', 'UNPAUSE']]))
}

/** Replicas are a type of their own and stay; SKIPME, which is the default, spares the connection that this comes by. */
export async function dropNodeClients(context: OrderContext): Promise<number> {
  const order = 'CLIENT KILL TYPE normal, pubsub'
  const replies = await send(context, order, [
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
  ])
  acceptAll(context.node, order, replies)
  return replies.reduce((sum, reply) => sum + (reply.kind === 'value' ? Number(reply.value) : 0), 0)
}

/** Whom the node's own address in CLIENT LIST (`laddr`, from 6.2 on) shows to have come by this port. Ours is not among them: we come by the other one. */
export async function dropClientsOfPort(context: OrderContext, port: number): Promise<number> {
  const order = 'CLIENT LIST'
  const lists = await send(context, order, [
    ['CLIENT', 'LIST', 'TYPE', 'normal'],
    ['CLIENT', 'LIST', 'TYPE', 'pubsub'],
    ['CLIENT', 'ID'],
  ])
  acceptAll(context.node, order, lists)
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

/** In the same turn as REPLICAOF: the link that there is stays as it is, and no attempt is made with the one and not the other. */
function encryption({ encrypted, port }: Upstream): readonly (readonly string[])[] {
  if (encrypted === undefined) return []
  return [
    ['CONFIG', 'SET', 'tls-replication', encrypted ? 'yes' : 'no'],
    ['CONFIG', 'SET', 'replica-announce-port', String(port)],
  ]
}

/** Before the link is made, because it is looked at only then: one made without stays as it is for as long as it lasts. A command of its own, so that who doesn't know it carries out the rest. */
function expectation({ encrypted, expectedName }: Upstream): readonly (readonly string[])[] {
  return encrypted === true && expectedName !== undefined
    ? [['CONFIG', 'SET', expectedNameOption, expectedName]]
    : []
}

/**
 * `reset` and all that follows are carried out on a copy that then takes the user's place, so no moment comes in which it may do less. What we may do ourselves comes
 * first, in the same packet: a node of an earlier version does not let us remove users before it.
 */
export async function setNodeUsers(
  context: OrderContext,
  { set, remove }: { readonly set: readonly AclUser[]; readonly remove: readonly string[] },
): Promise<void> {
  const ours = (user: AclUser): number => (user.name === controlUser ? 0 : 1)
  const commands = set
    .toSorted((a, b) => ours(a) - ours(b))
    .map(({ name, rules }) => ['ACL', 'SETUSER', name, 'reset', ...rules])
  const orders = remove.length === 0 ? commands : [...commands, ['ACL', 'DELUSER', ...remove]]
  const replies = await send(context, 'ACL SETUSER', orders)
  replies.forEach((reply, index) => {
    if (reply.kind === 'error')
      throw refusal(context.node, orders[index]?.slice(0, 3).join(' ') ?? 'ACL', reply.message, [])
  })
}

export async function listNodeUsers(context: OrderContext): Promise<readonly string[]> {
  const order = 'ACL LIST'
  const replies = await send(context, order, [['ACL', 'LIST']])
  acceptAll(context.node, order, replies)
  const [reply] = replies
  return reply?.kind === 'value' && Array.isArray(reply.value) ? reply.value.map(String) : []
}

function replicaOf({ host, port }: Upstream): readonly string[] {
  return ['REPLICAOF', host, String(port)]
}

/**
 * Sets all options in one atomic command where the server can (Redis ≥ 7). Options that it doesn't know are left out and returned.
 * @throws FlotillaError redis/refused-command for a value or an option that it won't take; from 7 on nothing is set then.
 */
export async function setNodeConfig(
  context: OrderContext,
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
    } else throw refusal(context.node, setOrder(options), error, secretValues(config))
  }
  return unknown
}

/** With SCHEDULE it waits for a child that writes the append-only file anew, instead of being refused. */
export async function saveNodeSnapshot(context: OrderContext): Promise<void> {
  const order = 'BGSAVE SCHEDULE'
  const [reply] = await send(context, order, [['BGSAVE', 'SCHEDULE']])
  if (reply?.kind === 'error' && !/already in progress/i.test(reply.message))
    throw refusal(context.node, order, reply.message, [])
}

/** One CONFIG GET each, in one packet: 6.2 takes no more. A name is taken as it is, never as a pattern. */
export async function getNodeConfig(
  context: OrderContext,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const order = `CONFIG GET ${names.join(', ')}`
  const replies = await send(
    context,
    order,
    names.map(name => ['CONFIG', 'GET', name]),
  )
  acceptAll(context.node, order, replies)
  return Object.fromEntries(
    replies.flatMap((reply, index) => {
      const [name, value] = reply.kind === 'value' && Array.isArray(reply.value) ? reply.value : []
      return String(name).toLowerCase() === names[index] ? [[names[index], String(value)]] : []
    }),
  )
}

/** By their names each is asked after, which shows those that have another. */
export async function listNodeCommands(context: OrderContext): Promise<readonly CommandFacts[]> {
  const order = 'COMMAND'
  const replies = await send(context, order, [['COMMAND'], ['INFO', 'commandstats']])
  acceptAll(context.node, order, replies)
  const [all, stats] = replies.map(reply => (reply.kind === 'value' ? reply.value : null))
  const names = namesOfCommands(all).map(({ name }) => name)
  const found = await send(context, 'COMMAND INFO', [['COMMAND', 'INFO', ...names]])
  acceptAll(context.node, 'COMMAND INFO', found)
  const [reply] = found
  return readCommands(all, reply?.kind === 'value' ? reply.value : null, String(stats))
}

/** Of subscribers alone: there are few as a rule, and each Sentinel is one. */
export async function listNodeSentinels(context: OrderContext): Promise<readonly string[]> {
  const order = 'CLIENT LIST TYPE pubsub'
  const replies = await send(context, order, [['CLIENT', 'LIST', 'TYPE', 'pubsub']])
  acceptAll(context.node, order, replies)
  return replies.flatMap(reply => (reply.kind === 'value' ? sentinelsIn(String(reply.value)) : []))
}

async function setOneByOne(
  context: OrderContext,
  options: readonly (readonly [string, string])[],
): Promise<readonly string[]> {
  const unknown: string[] = []
  for (const option of options) unknown.push(...(await setNodeConfig(context, Object.fromEntries([option]))))
  return unknown
}

async function setOptions(
  context: OrderContext,
  options: readonly (readonly [string, string])[],
): Promise<string | null> {
  const [reply] = await send(context, setOrder(options), [['CONFIG', 'SET', ...options.flat()]])
  return reply?.kind === 'error' ? reply.message : null
}

function setOrder(options: readonly (readonly [string, string])[]): string {
  return `CONFIG SET ${options.map(([name]) => name).join(', ')}`
}

/** 6.2 repeats the value in its refusals; these are passwords. */
function secretValues(config: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(config).flatMap(([name, value]) => (/auth|pass/i.test(name) ? [value] : []))
}

/** 7.0: `Unknown option or number of arguments for CONFIG SET - 'x'`; 6.2: `Unsupported CONFIG parameter: x`. */
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
  { links, clock, node, deadlineMs }: OrderContext,
  order: string,
  commands: readonly (readonly string[])[],
): Promise<readonly Reply[]> {
  const connect = () => links.find(node) ?? links.open(node)
  return deliver({ clock, node, order, commands, deadlineMs, connect, repeatable: true })
}

function acceptAll(node: NodeTarget, order: string, replies: readonly Reply[]): void {
  for (const reply of replies) if (reply.kind === 'error') throw refusal(node, order, reply.message, [])
}

function refusal(node: NodeTarget, order: string, message: string, secrets: readonly string[]): Error {
  return orderError(node, { code: 'redis/refused-command', order, what: message, secrets })
}

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../secret.js'
import { renderInfo, type InfoFacts } from './info.js'
import { failure, ok, quote, type Protocol, type Reply } from './reply.js'
import { runSentinel, wrongNumber, type SentinelContext } from './sentinel-commands.js'
import type { Subscriptions } from './subscriptions.js'

/** One client, as far as commands know of it. */
export interface Client extends SentinelContext {
  readonly id: number
  readonly subscriptions: Subscriptions
  /** Null: nobody needs one. */
  readonly password: Secret | null
  readonly info: () => InfoFacts
  protocol: Protocol
  name: string
  isAuthenticated: boolean
  failedLogins: number
  /** The connection ends when what was answered is sent. */
  isLeaving: boolean
}

interface Command {
  /** As in COMMAND: the number of words with the command's own; negative: at least so many. */
  readonly arity: number
  /** Also for who has not logged in. */
  readonly isOpen?: true
  /** Also for who has subscribed, in RESP2, where replies and messages could not be told apart. */
  readonly whileSubscribed?: true
  readonly run: (client: Client, args: readonly string[]) => Reply | Promise<Reply>
}

const commands: Readonly<Record<string, Command>> = {
  auth: { arity: -2, isOpen: true, run: auth },
  client: { arity: -2, run: (client, args) => clientCommand(client, args) },
  command: { arity: -1, run: (_client, args) => commandCommand(args) },
  hello: { arity: -1, isOpen: true, run: hello },
  info: { arity: -1, run: (client, args) => renderInfo(client.info(), args) },
  ping: { arity: -1, whileSubscribed: true, run: ping },
  psubscribe: {
    arity: -2,
    whileSubscribed: true,
    run: ({ subscriptions }, names) => subscriptions.add('psubscribe', names),
  },
  punsubscribe: {
    arity: -1,
    whileSubscribed: true,
    run: ({ subscriptions }, names) => subscriptions.remove('punsubscribe', names),
  },
  quit: { arity: -1, isOpen: true, whileSubscribed: true, run: quit },
  reset: { arity: 1, isOpen: true, whileSubscribed: true, run: reset },
  role: { arity: 1, run: ({ directory }) => ['sentinel', directory.names] },
  sentinel: { arity: -2, run: (client, args) => runSentinel(client, args) },
  subscribe: {
    arity: -2,
    whileSubscribed: true,
    run: ({ subscriptions }, names) => subscriptions.add('subscribe', names),
  },
  unsubscribe: {
    arity: -1,
    whileSubscribed: true,
    run: ({ subscriptions }, names) => subscriptions.remove('unsubscribe', names),
  },
}

/** The names of all commands: those that are counted by name. */
export const commandNames: readonly string[] = Object.keys(commands)

/** Redis ends a connection that begins like HTTP: a browser was made to send it. */
export function isHttp(words: readonly string[]): boolean {
  return ['post', 'host:'].includes(words[0]?.toLowerCase() ?? '')
}

/** How often a client may name a wrong password before it has to connect again. */
const failedLoginsMax = 3

/** Answers a request. Never rejects for what a client sends. */
export async function runCommand(client: Client, words: readonly string[]): Promise<Reply> {
  const [word = '', ...args] = words
  const name = word.toLowerCase()
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (client.password !== null && !client.isAuthenticated && command?.isOpen !== true)
    return failure('Authentication required.', 'NOAUTH')
  if (command === undefined)
    return failure(`unknown command ${quote(word)}. Flotilla speaks as a Sentinel, and has no data.`)
  if (command.arity >= 0 ? words.length !== command.arity : words.length < -command.arity)
    return wrongNumber(name)
  if (client.protocol === 2 && client.subscriptions.count > 0 && command.whileSubscribed !== true)
    return failure(
      `Can't execute ${quote(name)}: only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    )
  return command.run(client, args)
}

function auth(client: Client, args: readonly string[]): Reply {
  if (args.length > 2) return failure('syntax error')
  const [user, password] = args.length === 2 ? args : ['default', args[0]]
  if (client.password === null && args.length === 1)
    return failure(
      'AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    )
  return logIn(client, user ?? '', password ?? '') ?? ok
}

/** @returns why not; null when the client is let in. */
function logIn(client: Client, user: string, password: string): Reply | null {
  const isRight = client.password === null || isSame(password, client.password.reveal())
  if (user === 'default' && isRight) {
    client.isAuthenticated = true
    client.failedLogins = 0
    return null
  }
  client.failedLogins += 1
  if (client.failedLogins >= failedLoginsMax) client.isLeaving = true
  return failure('invalid username-password pair or user is disabled.', 'WRONGPASS')
}

/** Compares digests, which are equally long, in a time that tells nothing of how much was right. */
function isSame(given: string, secret: string): boolean {
  return timingSafeEqual(digest(Buffer.from(given, 'latin1')), digest(Buffer.from(secret, 'utf8')))
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** `HELLO [2|3 [AUTH user password] [SETNAME name]]` */
function hello(client: Client, args: readonly string[]): Reply {
  const [version, ...options] = args
  if (version !== undefined && version !== '2' && version !== '3')
    return failure('unsupported protocol version', 'NOPROTO')
  let name = client.name
  for (let at = 0; at < options.length;) {
    const option = options[at]?.toLowerCase()
    const [first, second] = options.slice(at + 1)
    if (option === 'auth' && first !== undefined && second !== undefined) {
      const refusal = logIn(client, first, second)
      if (refusal !== null) return refusal
      at += 3
    } else if (option === 'setname' && first !== undefined) {
      if (!isName(first)) return badName
      name = first
      at += 2
    } else return failure('Syntax error in HELLO')
  }
  if (client.password !== null && !client.isAuthenticated)
    return failure(
      'HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
      'NOAUTH',
    )
  client.name = name
  if (version !== undefined) client.protocol = version === '3' ? 3 : 2
  return {
    kind: 'map',
    entries: [
      ['server', 'redis'],
      ['version', client.info().redisVersion],
      ['proto', client.protocol],
      ['id', client.id],
      ['mode', 'sentinel'],
      ['modules', []],
    ],
  }
}

function clientCommand(client: Client, [word = '', ...args]: readonly string[]): Reply {
  const name = word.toLowerCase()
  switch (`${name} ${args.length}`) {
    case 'setname 1':
      if (!isName(args[0] ?? '')) return badName
      client.name = args[0] ?? ''
      return ok
    case 'setinfo 2':
      return ok
    case 'getname 0':
      return client.name === '' ? null : client.name
    case 'id 0':
      return client.id
    default:
      return ['setname', 'setinfo', 'getname', 'id'].includes(name)
        ? wrongNumber(`client|${name}`)
        : failure(`unknown subcommand ${quote(word)}. There are CLIENT SETNAME, SETINFO, GETNAME and ID.`)
  }
}

const badName = failure('Client names cannot contain spaces, newlines or special characters.')

function isName(text: string): boolean {
  return /^[!-~]{0,128}$/.test(text)
}

function commandCommand([word = '', ...names]: readonly string[]): Reply {
  const describe = (name: string): Reply => {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    const flag = (text: string): Reply => ({ kind: 'simple', text })
    return command === undefined
      ? { kind: 'no-list' }
      : [name, command.arity, ['loading', 'stale'].map(flag), 0, 0, 0]
  }
  switch (word.toLowerCase()) {
    case '':
      return commandNames.map(describe)
    case 'count':
      return commandNames.length
    case 'info':
      return (names.length > 0 ? names.map(name => name.toLowerCase()) : commandNames).map(describe)
    case 'list':
      return commandNames
    case 'docs':
      return { kind: 'map', entries: [] }
    default:
      return failure(`unknown subcommand ${quote(word)}. There are COMMAND COUNT, DOCS, INFO and LIST.`)
  }
}

function ping(client: Client, args: readonly string[]): Reply {
  if (args.length > 1) return wrongNumber('ping')
  const [text] = args
  if (client.protocol === 2 && client.subscriptions.count > 0) return ['pong', text ?? '']
  return text ?? { kind: 'simple', text: 'PONG' }
}

function quit(client: Client): Reply {
  client.isLeaving = true
  return ok
}

/** As after connecting, also not logged in. */
function reset(client: Client): Reply {
  client.subscriptions.clear()
  client.protocol = 2
  client.name = ''
  client.isAuthenticated = false
  return { kind: 'simple', text: 'RESET' }
}

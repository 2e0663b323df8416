import { oneLine } from '../printable.js'
import { whyNoAddress, type Asker } from './asker.js'
import { describeMaster, describeReplicas, type AddressBook } from './describe.js'
import type { Directory } from './directory.js'
import type { MasterSet } from './master-set.js'
import { failure, quote, type Reply } from './reply.js'

/** What a subcommand of SENTINEL is answered from. */
export interface SentinelContext {
  readonly directory: Directory
  readonly book: AddressBook
  readonly asker: Asker
  /** Forty hexadecimal digits, the same for as long as the state directory. */
  readonly myId: string
}

/** Answers `SENTINEL …`; `words` begins with the subcommand. */
export async function runSentinel(context: SentinelContext, words: readonly string[]): Promise<Reply> {
  const [word = '', ...args] = words
  const name = word.toLowerCase()
  const remedy = refused.get(name)
  if (remedy !== undefined)
    return failure(`SENTINEL ${name.toUpperCase()} is refused: Flotilla alone decides. ${remedy}`)
  const subcommand = subcommands.get(name)
  if (subcommand === undefined) return failure(`unknown subcommand ${quote(word)}. Try SENTINEL HELP.`)
  if (args.length !== subcommand.args) return wrongNumber(`sentinel|${name}`)
  return subcommand.run(context, args)
}

export function wrongNumber(command: string): Reply {
  return failure(`wrong number of arguments for '${command}' command`)
}

interface Subcommand {
  /** How many words follow it. */
  readonly args: number
  readonly run: (context: SentinelContext, args: readonly string[]) => Reply | Promise<Reply>
}

const noSuchMaster = failure('No such master with that name')

const subcommands: ReadonlyMap<string, Subcommand> = new Map(
  Object.entries<Subcommand>({
    'get-master-addr-by-name': { args: 1, run: (context, [name = '']) => masterAddress(context, name) },
    master: {
      args: 1,
      run: (context, [name = '']) =>
        withSet(context, name, set => {
          const described = { ...context, set, nowMs: context.directory.nowMs() }
          return whyUnreachable(context, set) ?? describeMaster(described)
        }),
    },
    masters: { args: 0, run: masters },
    replicas: { args: 1, run: (context, [name = '']) => replicas(context, name) },
    slaves: { args: 1, run: (context, [name = '']) => replicas(context, name) },
    // There is one of us: others of the same name would be asked by the client next.
    sentinels: {
      args: 1,
      run: ({ directory }, [name = '']) => (directory.has(name) ? [] : noSuchMaster),
    },
    ckquorum: { args: 1, run: (context, [name = '']) => checkQuorum(context, name) },
    myid: { args: 0, run: ({ myId }) => myId },
    'is-master-down-by-addr': { args: 4, run: isMasterDown },
    help: { args: 0, run: () => help },
  }),
)

/** What would change something, with what to do instead. */
const refused: ReadonlyMap<string, string> = new Map(
  Object.entries({
    failover: 'Use: flotilla failover, or flotilla switchover',
    monitor: 'Declare the flotilla in a manifest.',
    remove: 'Take the flotilla out of its manifest.',
    reset: 'There is nothing to reset: nodes are observed all the time.',
    set: 'Change the manifest of the flotilla.',
    config: 'Its settings are options of: flotilla run',
    flushconfig: 'There is no file to write.',
    debug: 'There are no such settings.',
    'simulate-failure': 'Kill the process instead.',
    'pending-scripts': 'Scripts are run by: flotilla run --notify',
    'info-cache': 'Use: flotilla status -o json',
  }),
)

async function masterAddress(context: SentinelContext, name: string): Promise<Reply> {
  if (!context.directory.has(name)) return { kind: 'no-list' }
  const set = await context.directory.settled(name)
  // Never one that is known not to be the master: a client asks again.
  if (set === null || set.master === null) return { kind: 'no-list' }
  const address = context.book(context.asker, set.master)
  return address === null ? unreachable(context, set) : [address.host, String(address.port)]
}

/** An error for who can reach no node at all, whoever is master; null for all others. */
function whyUnreachable(context: SentinelContext, set: MasterSet): Reply | null {
  const isUnreachable = set.master !== null && context.book(context.asker, set.master) === null
  return isUnreachable ? unreachable(context, set) : null
}

function unreachable({ asker }: SentinelContext, set: MasterSet): Reply {
  return failure(oneLine(whyNoAddress(asker, set), 300), 'NOREACH')
}

async function masters(context: SentinelContext): Promise<Reply> {
  const { directory } = context
  const sets = await Promise.all(directory.names.map(name => directory.settled(name)))
  const nowMs = directory.nowMs()
  return sets.filter(set => set !== null).map(set => describeMaster({ ...context, set, nowMs }))
}

function replicas(context: SentinelContext, name: string): Promise<Reply> {
  return withSet(context, name, set => {
    const nowMs = context.directory.nowMs()
    const described = { ...context, set, nowMs }
    return whyUnreachable(context, set) ?? describeReplicas(described)
  })
}

async function checkQuorum(context: SentinelContext, name: string): Promise<Reply> {
  if (!context.directory.engineAnswers)
    return failure('the container engine does not answer, so no master can be replaced', 'NOQUORUM')
  return withSet(context, name, () => ({
    kind: 'simple',
    text: 'OK 1 usable Sentinels. Quorum and failover authorization can be reached',
  }))
}

/** Redis's Sentinels ask each other this, and with an id of their own for a vote, which we don't give. */
function isMasterDown(
  { directory, book, asker }: SentinelContext,
  [host = '', port = '', epoch = '', runId = '']: readonly string[],
): Reply {
  if (!/^\d{1,5}$/.test(port) || !/^\d{1,20}$/.test(epoch))
    return failure('value is not an integer or out of range')
  if (runId !== '*') return failure('votes are refused: Flotilla alone decides who is master.')
  const isDown = directory.names.some(name => {
    const set = directory.peek(name)
    if (set === null || set.master !== null || set.recorded === null) return false
    const address = book(asker, set.recorded)
    return address !== null && address.host === host && String(address.port) === port
  })
  return [isDown ? 1 : 0, '*', 0]
}

async function withSet(
  { directory }: SentinelContext,
  name: string,
  answer: (set: MasterSet) => Reply,
): Promise<Reply> {
  if (!directory.has(name)) return noSuchMaster
  const set = await directory.settled(name)
  return set === null ? failure(`${name} was not looked at yet`, 'LOADING') : answer(set)
}

const help: Reply = [
  'SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CKQUORUM <master-name>',
  '    Check that Flotilla can replace the master.',
  'GET-MASTER-ADDR-BY-NAME <master-name>',
  '    Return the address of the master of this flotilla.',
  'IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> *',
  '    Check if the master at ip:port is down.',
  'MASTER <master-name>',
  '    Show the state of the master of this flotilla.',
  'MASTERS',
  '    Show the masters of all flotillas.',
  'MYID',
  '    Return the ID of this instance.',
  'REPLICAS <master-name>',
  '    Show the replicas of this flotilla.',
  'SENTINELS <master-name>',
  '    Return an empty list: there is one instance.',
  'HELP',
  '    Print this help.',
]

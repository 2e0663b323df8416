import type { Clock } from '../../clock.js'
import { parseInfo } from '../info.js'
import { parseTransport, transportQuestions } from '../tls.js'
import type { ConnectionResult, Connection, Reply } from './connection.js'
import type { ConnectionPool } from './connection-pool.js'
import { mayBePaused, showsPausedClients } from './paused-clients.js'
import { startBudget, withTimeout } from '../../timeout.js'
import { oneLine } from '../../printable.js'
import { explainDenial, classifyReply, isAuthFailure, messageLengthMax } from './classify-reply.js'
import type { NodeTarget, Probe, PingResult, RedisFacts } from '../../model/redis.js'

export interface ProbeInput {
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
}

/**
 * One look at a node. Never rejects, and ends by its deadline.
 *
 * A kept connection that stays silent for half of the deadline gets a rival: a fresh connection that is asked
 * the same. Whichever answers first is believed, and becomes or stays the kept one. Only when both stay
 * silent is the node `hung`; TCP alone proves nothing, since the kernel accepts connections for a stopped
 * process.
 */
export async function probeNode({ pool, clock, node, deadlineMs }: ProbeInput): Promise<Probe> {
  const leftMs = startBudget(clock, deadlineMs)
  const kept = pool.find(node)
  if (kept !== null) {
    const answer = await withTimeout(clock, deadlineMs / 2, fetchInfo(kept, node))
    if (answer?.kind === 'replies') return readAnswer(answer, kept.lastByteAtMs)
    if (answer === null) return probeOverFreshConnection({ pool, clock, node, deadlineMs }, kept, leftMs)
    // It closed: the process may be gone, or it may have dropped just us. A fresh connection tells which.
    pool.drop(node, kept)
  }

  return connectAndProbe({ pool, clock, node, deadlineMs }, leftMs, { hangUpsMax: 1 })
}

/**
 * The kernel shakes hands for a process however busy or stopped it is, within microseconds on one host. An
 * address that lets this much pass has nobody behind it: the network namespace of a container that has just
 * ended, which swallows what is sent to it. Waiting longer would keep a look at a crash from ending, and with
 * it the restart.
 */
const handshakeMs = 60

/** One PING; a connection that has one unanswered is not given another. */
export async function pingNode({ pool, clock, node, deadlineMs }: ProbeInput): Promise<PingResult> {
  const kept = pool.find(node)
  if (kept === null) return 'not-connected'
  const answer = await withTimeout(clock, deadlineMs, inFlight.get(kept) ?? kept.send([['PING']]))
  if (answer === null) return 'silent'
  return answer.kind === 'replies' || isDenial(answer) ? 'alive' : 'not-connected'
}

async function connectAndProbe(
  { pool, clock, node, deadlineMs }: ProbeInput,
  leftMs: () => number,
  { hangUpsMax }: { readonly hangUpsMax: number },
): Promise<Probe> {
  const first = pool.open(node)
  const early = await withTimeout(clock, Math.min(leftMs(), handshakeMs), fetchInfo(first, node))
  // A busy process of ours sees its timers first and its sockets after: whatever has arrived is looked at
  // before anybody is called absent.
  if (early === null) await new Promise(resolve => setImmediate(resolve))
  const answer =
    early === null && first.connected ? await withTimeout(clock, leftMs(), fetchInfo(first, node)) : early
  if (answer !== null) {
    if (answer.kind !== 'replies') pool.drop(node, first)
    // A forwarded port of a dead node accepts and hangs up, every time. A live node does so when a CLIENT
    // KILL hits us before our login, once.
    if (answer.kind === 'refused' && first.connected && hangUpsMax > 0)
      return connectAndProbe({ pool, clock, node, deadlineMs }, leftMs, { hangUpsMax: hangUpsMax - 1 })
    return readAnswer(answer, first.lastByteAtMs)
  }
  const { connected } = first
  // A connection that stands is worth keeping, however silent: the next probe tells silent from hung by it.
  if (!connected) pool.drop(node, first)
  const reason = connected
    ? `it accepted a connection and said nothing within ${deadlineMs} ms`
    : `no connection came about within ${Math.min(deadlineMs, handshakeMs)} ms`
  return { kind: 'silent', reason, lastByteAtMs: first.lastByteAtMs }
}

async function probeOverFreshConnection(
  { pool, clock, node, deadlineMs }: ProbeInput,
  kept: Connection,
  leftMs: () => number,
): Promise<Probe> {
  const fresh = pool.openUnpooled(node)
  const fromKept = onlyReplies(fetchInfo(kept, node)).then(answer => ({ answer, from: kept }))
  const fromFresh = fetchInfo(fresh, node).then(answer => ({ answer, from: fresh }))
  const first = await withTimeout(clock, leftMs(), Promise.race([fromKept, fromFresh]))

  if (first === null) {
    fresh.close()
    return {
      kind: 'hung',
      reason: `it said nothing within ${deadlineMs} ms, neither on the open connection nor on a fresh one`,
      lastByteAtMs: kept.lastByteAtMs,
    }
  }
  if (first.from === kept || isDenial(first.answer)) fresh.close()
  else if (first.answer.kind === 'replies') pool.keep(node, fresh)
  else {
    fresh.close()
    if (first.answer.kind === 'refused') {
      // Whoever had the kept connection is not at the address any more.
      pool.drop(node, kept)
      if (fresh.connected)
        return connectAndProbe({ pool, clock, node, deadlineMs }, leftMs, { hangUpsMax: 0 })
    }
  }
  return readAnswer(first.answer, kept.lastByteAtMs)
}

/** Somebody is there and has been heard out, though it does not let us in. */
function isDenial({ kind }: ConnectionResult): boolean {
  return kind === 'denied' || kind === 'distrusted'
}

/** Of a kept connection's end the rival will tell more: its own attempt says whether anybody is there. */
async function onlyReplies(answer: Promise<ConnectionResult>): Promise<ConnectionResult> {
  const settled = await answer
  return settled.kind === 'replies' ? settled : new Promise<ConnectionResult>(() => {})
}

/** INFO under way on each connection: a node that is slow gets one question, not a queue of them. */
const inFlight = new WeakMap<Connection, Promise<InfoAnswer>>()

/** The reply to CLIENT LIST, where it was asked. */
type InfoAnswer = ConnectionResult & { readonly clientList?: string }

/**
 * Plain INFO: one command whatever the version (6.2 takes just one section, and several sections cost Redis
 * the same as all of its default ones). A late answer to an earlier question is as good as one to this.
 */
function fetchInfo(connection: Connection, node: NodeTarget): Promise<InfoAnswer> {
  const pending = inFlight.get(connection)
  if (pending !== undefined) return pending
  const answer = fetchInfoOnce(connection, node)
  inFlight.set(connection, answer)
  void answer.then(() => inFlight.delete(connection))
  return answer
}

async function fetchInfoOnce(connection: Connection, node: NodeTarget): Promise<InfoAnswer> {
  const answer = await connection.send(maySpeakTls(node) ? [['INFO'], ...transportQuestions] : [['INFO']])
  const info = answer.kind === 'replies' && answer.replies[0] !== undefined ? textOf(answer.replies[0]) : ''
  if (!mayBePaused(info)) return answer
  const clients = await connection.send([['CLIENT', 'LIST']])
  const [list] = clients.kind === 'replies' ? clients.replies : []
  return list === undefined ? answer : { ...answer, clientList: textOf(list) }
}

function maySpeakTls({ tls, fallback }: NodeTarget): boolean {
  return tls !== undefined || fallback !== undefined
}

function readAnswer(answer: InfoAnswer, lastByteAtMs: number | null): Probe {
  switch (answer.kind) {
    case 'replies': {
      const [reply, ...transport] = answer.replies
      if (reply?.kind === 'error') return readErrorReply(reply.message)
      return readInfo(reply?.value, transport, answer.clientList ?? '')
    }
    case 'denied':
      return readErrorReply(answer.message)
    case 'distrusted':
      return { kind: 'denied', cause: 'certificate', reason: answer.reason }
    case 'refused':
      return { kind: 'refused', reason: answer.reason }
    case 'lost':
      // It was there until this moment. Whether it still is, the next look tells.
      return { kind: 'silent', reason: answer.reason, lastByteAtMs }
    case 'failed':
      return { kind: 'silent', reason: answer.reason, lastByteAtMs }
  }
}

function readErrorReply(message: string): Probe {
  if (classifyReply(message) === 'busy')
    return {
      kind: 'busy',
      reason: `a script has run for long and blocks it (${oneLine(message, messageLengthMax)})`,
    }
  return {
    kind: 'denied',
    cause: isAuthFailure(message) ? 'credentials' : 'other',
    reason: explainDenial(message),
  }
}

function readInfo(value: unknown, transportReplies: readonly Reply[], clientList: string): Probe {
  const info = parseInfo(typeof value === 'string' ? value : '')
  if (info.kind === 'unreadable') return { kind: 'denied', cause: 'other', reason: info.reason }
  const transport = transportReplies.length === 0 ? null : parseTransport(transportReplies.map(valueOf))
  const facts: RedisFacts = {
    ...info.facts,
    writesPaused: info.facts.writesPaused || showsPausedClients(clientList),
    ...(transport === null ? {} : { transport }),
  }
  return { kind: facts.loading === null ? 'answered' : 'loading', facts }
}

function textOf(reply: Reply): string {
  return reply.kind === 'value' && typeof reply.value === 'string' ? reply.value : ''
}

function valueOf(reply: Reply): unknown {
  return reply.kind === 'value' ? reply.value : null
}

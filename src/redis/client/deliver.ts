import type { Clock } from '../../clock.js'
import type { NodeTarget } from '../redis.js'
import type { Answer, Connection, Reply } from './connection.js'
import { orderError, type OrderFailure } from './errors.js'
import { startBudget, within } from './wait.js'
import { denialWords, isFull, meaningOf } from './words.js'

export interface Delivery {
  readonly clock: Clock
  readonly node: NodeTarget
  /** For messages; never with a secret in it. */
  readonly order: string
  readonly commands: readonly (readonly string[])[]
  readonly deadlineMs: number
  /** The connection to use at this attempt. */
  readonly connect: () => Connection
  /** Whether a second try is harmless when the first may have been carried out. */
  readonly repeatable: boolean
}

/** The first pause between two attempts, and the longest: a container's Redis listens some 10 ms after its start. */
const firstPauseMs = 3
const longestPauseMs = 50

/**
 * Gets commands to a node and brings back the replies. A node that isn't there yet, is loading or is full is tried again until the deadline.
 *
 * The node has to answer a PING before it is given the order. An order sent to a frozen process can't be taken back: it would wait in
 * the socket, and be carried out after the node thaws, when another may have been promoted long since.
 *
 * @throws FlotillaError redis/unreachable, redis/timeout, redis/denied.
 */
export async function deliver(delivery: Delivery): Promise<readonly Reply[]> {
  const { clock, deadlineMs } = delivery
  const leftMs = startBudget(clock, deadlineMs)
  let denied: Failed | null = null
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const outcome = await attempt(delivery, leftMs)
    if (outcome.kind === 'done') return outcome.replies
    if (outcome.code === 'redis/denied') denied = outcome
    // The last try is cut off by the deadline: what the node said at the one before tells more.
    const ran = outcome.code === 'redis/timeout' && denied !== null ? denied : outcome
    if (outcome.kind === 'failed' || leftMs() <= pauseMs) throw failure(delivery, ran)
    await clock.sleep(pauseMs)
  }
}

type Outcome = { readonly kind: 'done'; readonly replies: readonly Reply[] } | Failed

interface Failed {
  /** `later`: another attempt may succeed. */
  readonly kind: 'failed' | 'later'
  readonly code: OrderFailure['code']
  readonly what: string
  readonly hint?: string
}

async function attempt(delivery: Delivery, leftMs: () => number): Promise<Outcome> {
  const { clock, commands, deadlineMs, connect, repeatable } = delivery
  const connection = connect()
  const pong = await within(clock, leftMs(), connection.ask([['PING']]))
  if (pong === null)
    return failed('redis/timeout', `not sent, because it did not answer within ${deadlineMs} ms`)
  if (pong.kind !== 'replies') return readNoAnswer(pong)

  const answer = await within(clock, leftMs(), connection.ask(commands))
  if (answer === null)
    return failed('redis/timeout', `no reply within ${deadlineMs} ms; it may still be carried out`)
  if (answer.kind !== 'replies') {
    if (repeatable) return readNoAnswer(answer)
    return failed('redis/unreachable', `${saying(answer)}, before the reply; it may have been carried out`)
  }
  const waiting = answer.replies.find(isNotYet)
  if (waiting?.kind === 'error')
    return later('redis/timeout', `not done within ${deadlineMs} ms: ${waiting.message}`)
  return { kind: 'done', replies: answer.replies }
}

/** LOADING and BUSY pass, and neither carried out anything. */
function isNotYet(reply: Reply): boolean {
  return reply.kind === 'error' && ['loading', 'busy'].includes(meaningOf(reply.message))
}

function readNoAnswer(answer: Exclude<Answer, { kind: 'replies' }>): Failed {
  if (answer.kind === 'distrusted') return { ...failed('redis/denied', answer.reason), hint: distrustHint }
  if (answer.kind !== 'denied') return later('redis/unreachable', saying(answer))
  const what = denialWords(answer.message)
  return isFull(answer.message) ? later('redis/denied', what) : failed('redis/denied', what)
}

function saying(answer: Exclude<Answer, { kind: 'replies' }>): string {
  return answer.kind === 'denied' ? denialWords(answer.message) : answer.reason
}

function failed(code: OrderFailure['code'], what: string): Failed {
  return { kind: 'failed', code, what }
}

function later(code: OrderFailure['code'], what: string): Failed {
  return { kind: 'later', code, what }
}

function failure({ node, order, deadlineMs }: Delivery, { kind, code, what, hint }: Failed): Error {
  const tried = kind === 'later' && code !== 'redis/timeout' ? `${what}, for ${deadlineMs} ms` : what
  return orderError(node, { code, order, what: tried, ...(hint === undefined ? hintFor(code) : { hint }) })
}

const distrustHint =
  'The node shows a certificate that is not the one it was given, or that has ended. A node that is started anew gets the one in force.'

function hintFor(code: OrderFailure['code']): { readonly hint?: string } {
  if (code !== 'redis/denied') return {}
  return {
    hint: 'The passwords in the state directory and in the node have parted, or its clients fill it up.',
  }
}

import type { Clock } from '../../clock.js'
import type { ConnectionResult, Connection, Reply } from './connection.js'
import { commandError, type CommandFailure } from './errors.js'
import { startBudget, withTimeout } from '../../timeout.js'
import { explainDenial, isMaxClients, classifyReply } from './classify-reply.js'
import type { NodeTarget } from '../../model/redis.js'

export interface SendRequest {
  readonly clock: Clock
  readonly node: NodeTarget
  /** For messages; never with a secret in it. */
  readonly commandText: string
  readonly commands: readonly (readonly string[])[]
  readonly deadlineMs: number
  /** The connection to use at this attempt. */
  readonly connect: () => Connection
  /** Whether a second try is harmless when the first may have been carried out. */
  readonly repeatable: boolean
}

/**
 * The first pause between two attempts, and the longest: a container's Redis listens some 10 ms after its
 * start.
 */
const pauseMsMin = 3
const pauseMsMax = 50

/**
 * Gets commands to a node and brings back the replies. A node that isn't there yet, is loading or is full is
 * tried again until the deadline.
 *
 * The node has to answer a PING before it is given the order. An order sent to a frozen process can't be
 * taken back: it would wait in the socket, and be carried out after the node thaws, when another may have
 * been promoted long since.
 *
 * @throws FlotillaError redis/unreachable, redis/timeout, redis/denied.
 */
export async function sendWithRetry(request: SendRequest): Promise<readonly Reply[]> {
  const { clock, deadlineMs } = request
  const leftMs = startBudget(clock, deadlineMs)
  let denied: Failed | null = null
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMs * 1.5, pauseMsMax)) {
    const outcome = await sendOnce(request, leftMs)
    if (outcome.kind === 'done') return outcome.replies
    if (outcome.code === 'redis/denied') denied = outcome
    // The last try is cut off by the deadline: what the node said at the one before tells more.
    const ran = outcome.code === 'redis/timeout' && denied !== null ? denied : outcome
    if (outcome.kind === 'failed' || leftMs() <= pauseMs) throw failure(request, ran)
    await clock.sleep(pauseMs)
  }
}

type Outcome = { readonly kind: 'done'; readonly replies: readonly Reply[] } | Failed

interface Failed {
  /** `later`: another attempt may succeed. */
  readonly kind: 'failed' | 'retryable'
  readonly code: CommandFailure['code']
  readonly what: string
  readonly hint?: string
}

async function sendOnce(request: SendRequest, leftMs: () => number): Promise<Outcome> {
  const { clock, commands, deadlineMs, connect, repeatable } = request
  const connection = connect()
  const pong = await withTimeout(clock, leftMs(), connection.send([['PING']]))
  if (pong === null)
    return failed('redis/timeout', `not sent, because it did not answer within ${deadlineMs} ms`)
  if (pong.kind !== 'replies') return classifyNoReply(pong)

  const answer = await withTimeout(clock, leftMs(), connection.send(commands))
  if (answer === null)
    return failed('redis/timeout', `no reply within ${deadlineMs} ms; it may still be carried out`)
  if (answer.kind !== 'replies') {
    if (repeatable) return classifyNoReply(answer)
    return failed(
      'redis/unreachable',
      `${explainNoReply(answer)}, before the reply; it may have been carried out`,
    )
  }
  const waiting = answer.replies.find(isRetryable)
  if (waiting?.kind === 'error')
    return retryable('redis/timeout', `not done within ${deadlineMs} ms: ${waiting.message}`)
  return { kind: 'done', replies: answer.replies }
}

/** LOADING and BUSY pass, and neither carried out anything. */
function isRetryable(reply: Reply): boolean {
  return reply.kind === 'error' && ['loading', 'busy'].includes(classifyReply(reply.message))
}

function classifyNoReply(answer: Exclude<ConnectionResult, { kind: 'replies' }>): Failed {
  if (answer.kind === 'distrusted') return { ...failed('redis/denied', answer.reason), hint: untrustedHint }
  if (answer.kind !== 'denied') return retryable('redis/unreachable', explainNoReply(answer))
  const what = explainDenial(answer.message)
  return isMaxClients(answer.message) ? retryable('redis/denied', what) : failed('redis/denied', what)
}

function explainNoReply(answer: Exclude<ConnectionResult, { kind: 'replies' }>): string {
  return answer.kind === 'denied' ? explainDenial(answer.message) : answer.reason
}

function failed(code: CommandFailure['code'], what: string): Failed {
  return { kind: 'failed', code, what }
}

function retryable(code: CommandFailure['code'], what: string): Failed {
  return { kind: 'retryable', code, what }
}

function failure({ node, commandText, deadlineMs }: SendRequest, { kind, code, what, hint }: Failed): Error {
  const tried = kind === 'retryable' && code !== 'redis/timeout' ? `${what}, for ${deadlineMs} ms` : what
  return commandError(node, {
    code,
    commandText,
    what: tried,
    ...(hint === undefined ? hintFor(code) : { hint }),
  })
}

const untrustedHint =
  'The node shows a certificate that is not the one it was given, or that has ended. A node that is restarted gets the one in force.'

function hintFor(code: CommandFailure['code']): { readonly hint?: string } {
  if (code !== 'redis/denied') return {}
  return {
    hint: 'The passwords in the state directory and in the node have parted, or its clients fill it up.',
  }
}

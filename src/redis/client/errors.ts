import { FlotillaError, type ErrorCode } from '../../errors.js'
import { oneLine } from '../../printable.js'
import { messageLengthMax } from './classify-reply.js'
import type { NodeTarget } from '../../model/redis.js'

export interface CommandFailure {
  readonly code: Extract<ErrorCode, `redis/${string}`>
  /** The command in words that hold no secret, such as `REPLICAOF NO ONE`. */
  readonly commandText: string
  readonly what: string
  readonly hint?: string
  /** Values that must not get out, beside the node's passwords. */
  readonly secrets?: readonly string[]
}

/**
 * The one way in which orders fail: which node, which order, what happened. Errors of ioredis are not passed
 * on as causes: they carry the command's arguments, and with AUTH these are a password. Redis itself repeats
 * arguments in some replies, so its words are searched too.
 */
export function commandError(node: NodeTarget, failure: CommandFailure): FlotillaError {
  const { control, replication, application } = node.credentials
  const passwords = [control, replication, application, node.login?.password].flatMap(
    secret => secret?.reveal() ?? [],
  )
  const what = redact(failure.what, [...passwords, ...(failure.secrets ?? [])])
  return new FlotillaError(
    failure.code,
    `${node.nodeAlias}: ${failure.commandText}: ${oneLine(what, messageLengthMax)}`,
    failure.hint === undefined ? {} : { hint: failure.hint },
  )
}

/** Longest first, so that a secret that contains another goes whole. */
function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.filter(secret => secret !== '').toSorted((a, b) => b.length - a.length)
  return known.reduce((result, secret) => result.replaceAll(secret, '[secret]'), text)
}

import type { Clock } from '../../clock.js'
import { applicationUser } from '../../model/acl-user.js'
import { type Connection, openConnection, endpointsFor } from './connection.js'
import { sendWithRetry } from './send.js'
import { commandError } from './errors.js'
import type { NodeTarget } from '../../model/redis.js'

export interface UserCommandContext {
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
}

/**
 * One command as the `default` user, on a connection of its own: that user may leave a connection in any
 * state (SUBSCRIBE, MULTI). A command that may have been carried out is not sent twice.
 *
 * @throws FlotillaError redis/refused-command with Redis's words, or why it didn't get there.
 */
export async function runUserCommand(
  { clock, node, deadlineMs }: UserCommandContext,
  command: readonly string[],
): Promise<unknown> {
  const commandText = nameOf(command)
  const { application } = node.credentials
  const ours = application === null ? null : { user: applicationUser, password: application }
  let connection: Connection | null = null
  const connect = (): Connection => {
    if (connection !== null && !connection.closed) return connection
    connection = openConnection({
      clock,
      endpoints: endpointsFor(node),
      login: node.login === undefined ? ours : node.login,
      onLost: () => {},
    })
    return connection
  }
  try {
    const commands = [command]
    const [reply] = await sendWithRetry({
      clock,
      node,
      commandText,
      commands,
      deadlineMs,
      connect,
      repeatable: false,
    })
    if (reply?.kind !== 'error') return reply?.value
    throw commandError(node, {
      code: 'redis/refused-command',
      commandText,
      what: withoutArguments(reply.message),
    })
  } finally {
    closeIfOpen(connection)
  }
}

/** A function, because the compiler can't see that `connect` has assigned the variable. */
function closeIfOpen(connection: Connection | null): void {
  connection?.close()
}

/** The command's name alone: its arguments may be data, or a password. */
function nameOf(command: readonly string[]): string {
  const name = (command[0] ?? '').toUpperCase()
  return /^[A-Z][A-Z0-9._-]{0,40}$/.test(name) ? name : 'command'
}

/** `ERR unknown command 'x', with args beginning with: 'y' …` repeats what it was given. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:.*/s, '')
}

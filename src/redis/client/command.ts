import type { Clock } from '../../clock.js'
import { applicationUser } from '../acl-user.js'
import type { NodeTarget } from '../redis.js'
import { type Connection, openConnection, waysTo } from './connection.js'
import { deliver } from './deliver.js'
import { orderError } from './errors.js'

export interface CommandContext {
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
}

/**
 * One command as the `default` user, on a connection of its own: that user may leave a connection in any state (SUBSCRIBE, MULTI).
 * A command that may have been carried out is not sent twice.
 *
 * @throws FlotillaError redis/refused-command with Redis's words, or why it didn't get there.
 */
export async function runCommand(
  { clock, node, deadlineMs }: CommandContext,
  command: readonly string[],
): Promise<unknown> {
  const order = nameOf(command)
  const { application } = node.credentials
  const ours = application === null ? null : { user: applicationUser, password: application }
  let connection: Connection | null = null
  const connect = (): Connection => {
    if (connection !== null && !connection.closed) return connection
    connection = openConnection({
      clock,
      ways: waysTo(node),
      login: node.login === undefined ? ours : node.login,
      onLost: () => {},
    })
    return connection
  }
  try {
    const commands = [command]
    const [reply] = await deliver({ clock, node, order, commands, deadlineMs, connect, repeatable: false })
    if (reply?.kind !== 'error') return reply?.value
    throw orderError(node, { code: 'redis/refused-command', order, what: withoutArguments(reply.message) })
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

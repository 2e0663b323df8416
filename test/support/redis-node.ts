import assert from 'node:assert/strict'
import { systemClock } from '../../src/clock.js'
import { openConnection, type Connection } from '../../src/redis/client/connection.js'
import { tlsPort } from '../../src/redis/tls.js'
import { Secret } from '../../src/secret.js'
import type { NodeContainer } from './containers.js'
import { withTimeout } from './with-timeout.js'
import type { TlsTrust, Endpoint } from '../../src/model/redis.js'

/**
 * A connection to one node as the application has it (user `default`), or as whom the login names. Close it.
 */
export function connectTo(node: NodeContainer, login: NodeLogin): Connection {
  assert.ok(node.address, `${node.name} has no address`)
  return openConnection({
    clock: systemClock,
    endpoints: endpointsFor(node.address, login),
    login: { user: userOf(login), password: new Secret(passwordOf(login)) },
    onLost: () => undefined,
  })
}

/** The password, and whom to trust where the node may speak TLS; without a user, of `default`. */
export type NodeLogin =
  string | { readonly user?: string; readonly password: string; readonly trust: TlsTrust | null }

function userOf(login: NodeLogin): string {
  return (typeof login === 'string' ? undefined : login.user) ?? 'default'
}

function passwordOf(login: NodeLogin): string {
  return typeof login === 'string' ? login : login.password
}

/** Over TLS if the node listens for it. */
function endpointsFor(address: Endpoint, login: NodeLogin): readonly [Endpoint, ...Endpoint[]] {
  return typeof login === 'string' || login.trust === null
    ? [address]
    : [{ host: address.host, port: tlsPort, tls: login.trust }, address]
}

/**
 * One command on a connection of its own. @throws when the node does not answer, or answers with an error.
 */
export async function sendToNode(
  node: NodeContainer,
  login: NodeLogin,
  ...command: readonly string[]
): Promise<unknown> {
  const connection = connectTo(node, login)
  try {
    return await sendOver(connection, ...command)
  } finally {
    connection.close()
  }
}

export async function sendOver(connection: Connection, ...command: readonly string[]): Promise<unknown> {
  const answer = await withTimeout(connection.send([command]), 10_000, `${command[0]}: no answer for 10 s`)
  assert.equal(answer.kind, 'replies', `${command[0]}: ${JSON.stringify(answer)}`)
  const [reply] = answer.replies
  if (reply?.kind !== 'value') throw new Error(reply?.message ?? 'no reply')
  return reply.value
}

/** `INFO replication` as Redis words it: `role`, `connected_slaves`, `slave0` … */
export async function replicationInfo(
  node: NodeContainer,
  password: string,
): Promise<Readonly<Record<string, string>>> {
  return infoFields(String(await sendToNode(node, password, 'INFO', 'replication')))
}

export function infoFields(text: string): Readonly<Record<string, string>> {
  const pairs = text
    .split(/\r?\n/)
    .filter(line => line.includes(':'))
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])
  return Object.fromEntries(pairs)
}

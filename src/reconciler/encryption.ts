import type { FlotillaSpec } from '../manifest/spec.js'
import type { Encryption } from '../redis/redis.js'
import { isInForce, serverNameOf, type TlsAccess } from '../tls/sight.js'
import type { FlotillaMemory } from './memory.js'
import { factsOfNode } from './node-facts.js'
import type { NodeSeen, Observation } from './observation.js'

/**
 * How we speak to the nodes. Once every node was seen to listen for TLS nothing is ever sent to one in plain text again, whatever it listens to, until the manifest
 * says so. Before, a node that has no encrypted port yet is spoken to by the other.
 */
export function encryptionOf(
  { name, tls }: Pick<FlotillaSpec, 'name' | 'tls'>,
  { transport }: Pick<FlotillaMemory, 'transport'>,
  access: TlsAccess | null,
): { readonly encryption?: Encryption } {
  if (access === null || !isInForce(access.sight)) return {}
  if (tls.mode === 'off' && transport === 'plain') return {}
  const { authorities, sight } = access
  // A certificate that all nodes have proves no more than that one is of them.
  const serverName = sight.certificates.kind === 'one' ? serverNameOf(name) : null
  const order =
    tls.mode === 'off' ? 'plain-first' : transport === 'encrypted' ? 'encrypted-only' : 'encrypted-first'
  return { encryption: { authorities, serverName, order } }
}

/** Folds into the memory how the nodes were seen to listen. Returns the same object when that is nothing new. */
export function rememberTransport(
  memory: FlotillaMemory,
  { tls }: Pick<FlotillaSpec, 'tls'>,
  seen: Observation,
): FlotillaMemory {
  const transport = transportAfter(memory.transport, tls.mode, seen.nodes.filter(runs))
  return transport === memory.transport ? memory : { ...memory, transport }
}

function transportAfter(
  before: FlotillaMemory['transport'],
  mode: FlotillaSpec['tls']['mode'],
  running: readonly NodeSeen[],
): FlotillaMemory['transport'] {
  if (mode === 'off')
    return before === 'plain' || running.every(node => listensForTls(node) === false) ? 'plain' : 'mixed'
  if (before === 'encrypted') return before
  return running.length > 0 && running.every(node => listensForTls(node) === true) ? 'encrypted' : 'mixed'
}

function runs({ container }: NodeSeen): boolean {
  return container.state === 'running'
}

/** Null while it doesn't say. */
function listensForTls(node: NodeSeen): boolean | null {
  const transport = factsOfNode(node)?.transport
  return transport === undefined ? null : transport.tlsPort !== null && transport.tlsPort !== 0
}

import type { FlotillaSpec } from '../../model/spec.js'
import { hasCertificates, serverNameOf, type TlsAccess } from '../../tls/tls-view.js'
import type { FlotillaMemory } from '../../model/record.js'
import { factsOfNode } from '../../model/node-facts.js'
import type { ObservedNode, Observation } from '../../model/observation.js'
import type { Encryption } from '../../model/redis.js'

/**
 * How we speak to the nodes. Once every node was seen to listen for TLS nothing is ever sent to one in plain
 * text again, whatever it listens to, until the manifest says so. Before, a node that has no encrypted port
 * yet is spoken to by the other.
 */
export function encryptionOf(
  { name, tls }: Pick<FlotillaSpec, 'name' | 'tls'>,
  { transport }: Pick<FlotillaMemory, 'transport'>,
  access: TlsAccess | null,
): { readonly encryption?: Encryption } {
  if (access === null || !hasCertificates(access.tlsView)) return {}
  if (tls.mode === 'off' && transport === 'plain') return {}
  const { authorities, tlsView, client } = access
  // A certificate that all nodes have proves no more than that one is of them.
  const serverName = tlsView.certificates.kind === 'shared' ? serverNameOf(name) : null
  const order =
    tls.mode === 'off' ? 'plain-first' : transport === 'encrypted' ? 'encrypted-only' : 'encrypted-first'
  return { encryption: { authorities, serverName, order, ...(client === null ? {} : { client }) } }
}

/**
 * Folds into the memory how the nodes were seen to listen. Returns the same object when that is nothing new.
 */
export function foldTransport(
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
  running: readonly ObservedNode[],
): FlotillaMemory['transport'] {
  if (mode === 'off')
    return before === 'plain' || running.every(node => listensForTls(node) === false) ? 'plain' : 'mixed'
  if (before === 'encrypted') return before
  return running.length > 0 && running.every(node => listensForTls(node) === true) ? 'encrypted' : 'mixed'
}

function runs({ container }: ObservedNode): boolean {
  return container.state === 'running'
}

/** Null while it doesn't say. */
function listensForTls(node: ObservedNode): boolean | null {
  const transport = factsOfNode(node)?.transport
  return transport === undefined ? null : transport.tlsPort !== null && transport.tlsPort !== 0
}

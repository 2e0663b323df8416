import { parseTransport } from '../../../src/redis/tls.js'
import type { FakeProcess } from './fake-process.js'
import type { NodeTarget, TransportFacts, Upstream, Endpoint } from '../../../src/model/redis.js'

/** A process that listens in plain text alone, and could do otherwise. */
export function plainTransport(port: number): TransportFacts {
  return { plainPort: port, tlsPort: 0, fingerprint: null, encryptsReplication: false }
}

/** What CONFIG SET changes of it. */
export function transportAfter(
  before: TransportFacts,
  config: Readonly<Record<string, string>>,
): TransportFacts {
  const asOptions: Readonly<Record<string, string>> = {
    port: String(before.plainPort),
    ...(before.tlsPort === null ? {} : { 'tls-port': String(before.tlsPort) }),
    'tls-replication': before.encryptsReplication ? 'yes' : 'no',
    'tls-ca-cert-file': `/ca-${before.fingerprint}.crt`,
  }
  return parseTransport([Object.entries({ ...asOptions, ...config }).flat()]) ?? before
}

/** Whether a replica that connects so finds somebody who speaks as it does. */
export function acceptsFrom({ transport }: FakeProcess, { port }: Upstream, from: FakeProcess): boolean {
  return port === (from.transport.encryptsReplication ? transport.tlsPort : transport.plainPort)
}

/** By which of its ways a node is reached; null when it listens to none of them. */
export function endpointInto({ transport }: FakeProcess, target: NodeTarget): Endpoint | null {
  const endpoints: readonly Endpoint[] = target.fallback === undefined ? [target] : [target, target.fallback]
  return (
    endpoints.find(
      ({ port, tls }) => port === (tls === undefined ? transport.plainPort : transport.tlsPort),
    ) ?? null
  )
}

/** It has a certificate for its alias. */
export function hasValidCertificate({ alias }: FakeProcess, { tls }: Endpoint): boolean {
  return tls === undefined || tls.serverName === alias
}

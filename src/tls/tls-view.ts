import type { FlotillaSpec } from '../model/spec.js'
import { masterName } from '../model/names.js'
import { validityOf } from './validate.js'
import { expiryWarningMs, fingerprintFor, type CertificateState } from './certificate-state.js'
import type { KeyPair } from './certificate-bundle.js'
import type { TlsView } from '../model/tls-view.js'

export interface TlsAccess {
  readonly tlsView: TlsView
  /** PEM of the authorities that nodes, clients and we are to trust. */
  readonly authorities: string
  /** What we show nodes that ask for a certificate. */
  readonly client: KeyPair | null
}

/**
 * The name that clients use; one certificate for all nodes must be good for it, whatever else it is good for.
 */
export function serverNameOf(flotilla: string): string {
  return masterName(flotilla)
}

export function tlsViewOf(
  state: CertificateState,
  spec: FlotillaSpec,
  { refused, nowMs }: { readonly refused: string | null; readonly nowMs: number },
): TlsView {
  return {
    mode: spec.tls.mode,
    certificates: certificatesOf(state, spec, nowMs),
    refused,
    expiresAtMs: expiryOf(state),
    expiring: expiringOf(state, nowMs),
  }
}

function certificatesOf(
  state: CertificateState,
  { tls }: FlotillaSpec,
  nowMs: number,
): TlsView['certificates'] {
  if (state.inForce === null) return { kind: 'none' }
  if (state.inForce === 'files') {
    const fingerprint = fingerprintFor(state, 0, { tls, nowMs })
    return fingerprint === null ? { kind: 'none' } : { kind: 'shared', fingerprint }
  }
  const fingerprints = state.leaves.flatMap(({ ordinal }) => {
    const fingerprint = fingerprintFor(state, ordinal, { tls, nowMs })
    return fingerprint === null ? [] : [[ordinal, fingerprint] as const]
  })
  return { kind: 'perNode', fingerprints: Object.fromEntries(fingerprints) }
}

function expiryOf({ inForce, files, leaves }: CertificateState): number | null {
  const inUse = inForce === 'files' ? [files] : leaves
  const ends = inUse.flatMap(one => (one === null ? [] : [validityOf(one.certificate).toMs]))
  return ends.length === 0 ? null : Math.min(...ends)
}

/**
 * Ours are renewed with a third of their life left; one that has come to a sixth was not, because nothing
 * could be done to its node.
 */
function expiringOf({ inForce, files, leaves }: CertificateState, nowMs: number): TlsView['expiring'] {
  const candidates =
    inForce === 'files' && files !== null
      ? [
          {
            subject: 'the certificate of the manifest',
            certificate: files.certificate,
            marginMs: expiryWarningMs,
          },
        ]
      : leaves.map(({ ordinal, certificate, lifetimeMs }) => ({
          subject: `the certificate of node ${ordinal}`,
          certificate,
          marginMs: lifetimeMs / 6,
        }))
  const ending = candidates
    .map(({ subject, certificate, marginMs }) => ({
      subject,
      expiresAtMs: validityOf(certificate).toMs,
      marginMs,
    }))
    .filter(({ expiresAtMs, marginMs }) => expiresAtMs - nowMs < marginMs)
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs)
  const [first] = ending
  return first === undefined ? null : { subject: first.subject, expiresAtMs: first.expiresAtMs }
}

/** Whether there is something to encrypt with. */
export function hasCertificates({ certificates }: TlsView): boolean {
  return certificates.kind !== 'none'
}

/** Which certificate this node is to have; null while it is to be made, first or again. */
export function fingerprintIn({ certificates }: TlsView, ordinal: number): string | null {
  switch (certificates.kind) {
    case 'none':
      return null
    case 'shared':
      return certificates.fingerprint
    case 'perNode':
      return certificates.fingerprints[ordinal] ?? null
  }
}

import type { FlotillaSpec, TlsSpec } from '../manifest/spec.js'
import { masterName } from '../reconciler/names.js'
import { validityOf } from './examine.js'
import { expiringMs, fingerprintFor, type Holdings } from './holdings.js'

/** What planning and status may know of certificates: plain data, no key in it. */
export interface TlsSight {
  readonly mode: TlsSpec['mode']
  /** `one`: the same certificate for all nodes, somebody's own. `each`: every node has its own, which we make. `none`: nothing is in force. */
  readonly certificates:
    | { readonly kind: 'one'; readonly fingerprint: string }
    | { readonly kind: 'each'; readonly fingerprints: Readonly<Record<number, string>> }
    | { readonly kind: 'none' }
  /** Why the files that the manifest names are not used; null when they are, or it names none. */
  readonly refused: string | null
  /** When the first of them ends; null while there is none. */
  readonly endsAtMs: number | null
  /** The first certificate to end, when it is about to and we have not renewed it; null otherwise. */
  readonly expiring: { readonly whose: string; readonly endsAtMs: number } | null
}

export interface TlsAccess {
  readonly sight: TlsSight
  /** PEM of the authorities that nodes, clients and we are to trust. */
  readonly authorities: string
}

/** The name that clients use; one certificate for all nodes must be good for it, whatever else it is good for. */
export function serverNameOf(flotilla: string): string {
  return masterName(flotilla)
}

export function sightOf(
  holdings: Holdings,
  spec: FlotillaSpec,
  { refused, nowMs }: { readonly refused: string | null; readonly nowMs: number },
): TlsSight {
  return {
    mode: spec.tls.mode,
    certificates: certificatesOf(holdings, spec, nowMs),
    refused,
    endsAtMs: endOf(holdings),
    expiring: expiringOf(holdings, nowMs),
  }
}

function certificatesOf(holdings: Holdings, { tls }: FlotillaSpec, nowMs: number): TlsSight['certificates'] {
  if (holdings.inForce === null) return { kind: 'none' }
  if (holdings.inForce === 'files') {
    const fingerprint = fingerprintFor(holdings, 0, { tls, nowMs })
    return fingerprint === null ? { kind: 'none' } : { kind: 'one', fingerprint }
  }
  const fingerprints = holdings.leaves.flatMap(({ ordinal }) => {
    const fingerprint = fingerprintFor(holdings, ordinal, { tls, nowMs })
    return fingerprint === null ? [] : [[ordinal, fingerprint] as const]
  })
  return { kind: 'each', fingerprints: Object.fromEntries(fingerprints) }
}

function endOf({ inForce, files, leaves }: Holdings): number | null {
  const inUse = inForce === 'files' ? [files] : leaves
  const ends = inUse.flatMap(one => (one === null ? [] : [validityOf(one.certificate).toMs]))
  return ends.length === 0 ? null : Math.min(...ends)
}

/** Ours are renewed with a third of their life left; one that has come to a sixth was not, because nothing could be done to its node. */
function expiringOf({ inForce, files, leaves }: Holdings, nowMs: number): TlsSight['expiring'] {
  const candidates =
    inForce === 'files' && files !== null
      ? [{ whose: 'the certificate of the manifest', certificate: files.certificate, marginMs: expiringMs }]
      : leaves.map(({ ordinal, certificate, lifetimeMs }) => ({
          whose: `the certificate of node ${ordinal}`,
          certificate,
          marginMs: lifetimeMs / 6,
        }))
  const ending = candidates
    .map(({ whose, certificate, marginMs }) => ({
      whose,
      endsAtMs: validityOf(certificate).toMs,
      marginMs,
    }))
    .filter(({ endsAtMs, marginMs }) => endsAtMs - nowMs < marginMs)
    .sort((a, b) => a.endsAtMs - b.endsAtMs)
  const [first] = ending
  return first === undefined ? null : { whose: first.whose, endsAtMs: first.endsAtMs }
}

/** Whether there is something to encrypt with. */
export function isInForce({ certificates }: TlsSight): boolean {
  return certificates.kind !== 'none'
}

/** Which certificate this node is to have; null while it is to be made, first or anew. */
export function fingerprintIn({ certificates }: TlsSight, ordinal: number): string | null {
  switch (certificates.kind) {
    case 'none':
      return null
    case 'one':
      return certificates.fingerprint
    case 'each':
      return certificates.fingerprints[ordinal] ?? null
  }
}

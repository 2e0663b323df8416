import { createHash } from 'node:crypto'
import type { Secret } from '../secret.js'

/** A certificate and its key, both PEM. */
export interface KeyPair {
  /** May go on with those between it and its authority. */
  readonly certificate: string
  readonly key: Secret
}

/** All that a node needs to speak TLS. */
export interface CertificateBundle extends KeyPair {
  /** PEM of the authorities that it trusts. */
  readonly authorities: string
  /** What it asks of its clients; absent: no certificate. */
  readonly clientAuth?: 'optional' | 'require'
}

/**
 * Tells one material, and what is asked of clients, from another, without the key: a certificate has only
 * one. Part of a file name inside the node, so that the node itself can say which one it has loaded.
 */
export function certificateFingerprint(bundle: Omit<CertificateBundle, 'key'>): string {
  const { certificate, authorities, clientAuth } = bundle
  const asked = clientAuth === undefined ? '' : `\n${clientAuth}`
  return createHash('sha256').update(`${certificate}\n${authorities}${asked}`).digest('hex').slice(0, 16)
}

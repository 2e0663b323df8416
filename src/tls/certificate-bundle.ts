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
}

/**
 * Tells one material from another, without the key: a certificate has only one. Part of a file name inside
 * the node, so that the node itself can say which one it has loaded.
 */
export function certificateFingerprint({ certificate, authorities }: Omit<CertificateBundle, 'key'>): string {
  return createHash('sha256').update(`${certificate}\n${authorities}`).digest('hex').slice(0, 16)
}

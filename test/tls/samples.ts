import type { FlotillaSpec, TlsSpec } from '../../src/model/spec.js'
import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import type { KeyPair, CertificateBundle } from '../../src/tls/certificate-bundle.js'
import { spec } from '../reconciler/support/world.js'

export const nowMs = Date.UTC(2026, 10, 24, 12)
export const dayMs = 86_400_000
export const serverName = 'shop-master'

export function authority(lifetimeMs = 3_650 * dayMs, atMs = nowMs): Promise<KeyPair> {
  return makeAuthority({ flotilla: 'shop', nowMs: atMs, lifetimeMs })
}

/** A certificate for the master's name, unless told otherwise, and all that belongs to it. */
export async function bundle(
  issuer: KeyPair,
  { names = [serverName], lifetimeMs = 90 * dayMs, atMs = nowMs } = {},
): Promise<CertificateBundle> {
  const pair = await issueCertificate(issuer, { names, addresses: [], nowMs: atMs, lifetimeMs })
  return { ...pair, authorities: issuer.certificate }
}

export const generated = (lifetimeMs = 90 * dayMs): TlsSpec => ({
  mode: 'require',
  clientAuth: 'none',
  certificates: { kind: 'generated', lifetimeMs },
})

export function specWith(tls: TlsSpec): FlotillaSpec {
  return spec({ tls })
}

import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import type { KeyPair } from '../../src/tls/certificate-bundle.js'

/** One authority, and a certificate of it for either side of an admin port. */
export interface GatewayIdentities {
  readonly authority: KeyPair
  readonly gateway: KeyPair
  readonly flotilla: KeyPair
}

let shared: Promise<GatewayIdentities> | null = null

/** The same ones for all tests of a file. */
export function gatewayIdentities(): Promise<GatewayIdentities> {
  shared ??= issueGatewayIdentities()
  return shared
}

export async function issueGatewayIdentities(): Promise<GatewayIdentities> {
  const time = { nowMs: Date.now(), lifetimeMs: 86_400_000 }
  const authority = await makeAuthority({ flotilla: 'shop', ...time })
  const issue = (name: string): Promise<KeyPair> =>
    issueCertificate(authority, { names: [name], addresses: [], ...time })
  return { authority, gateway: await issue('shop-gateway'), flotilla: await issue('flotilla') }
}

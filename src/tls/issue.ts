import 'reflect-metadata'
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Secret } from '../secret.js'
import type { KeyPair } from './certificate-bundle.js'

/**
 * Makes certificates, which Node itself can't. Loaded only when one is to be made: its library takes 150 ms
 * to load.
 *
 * ECDSA with P-256: Redis shakes hands on its main thread, where a signature with RSA takes twenty times as
 * long.
 */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** Clocks of clients may be behind ours. */
const backdatedMs = 3_600_000

export interface AuthorityRequest {
  /** Whose it is, for who reads the certificate. */
  readonly flotilla: string
  readonly nowMs: number
  readonly lifetimeMs: number
}

/** A private authority: signs the certificates of one flotilla's nodes, and nothing below them. */
export async function makeAuthority({ flotilla, nowMs, lifetimeMs }: AuthorityRequest): Promise<KeyPair> {
  const keys = await newKeys()
  const serialNumber = newSerial()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber,
      // With its serial, so that two authorities of one flotilla can be told apart by whoever builds a chain.
      name: `CN=Flotilla authority of ${flotilla} ${serialNumber.slice(0, 8)}`,
      notBefore: new Date(nowMs - backdatedMs),
      notAfter: new Date(nowMs + lifetimeMs),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return toKeyPair(certificate, keys.privateKey)
}

export interface CertificateRequest {
  /** The first one is the common name as well. */
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  readonly nowMs: number
  readonly lifetimeMs: number
  /** It proves who a client is, and nobody can pass for a server with it. */
  readonly isClientOnly?: boolean
}

/** A certificate of one node, as server and, towards its master, as client; or of a client alone. */
export async function issueCertificate(
  authority: KeyPair,
  { names, addresses, nowMs, lifetimeMs, isClientOnly = false }: CertificateRequest,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: `CN=${names[0] ?? ''}`,
      issuer: issuer.subject,
      notBefore: new Date(nowMs - backdatedMs),
      notAfter: new Date(Math.min(nowMs + lifetimeMs, issuer.notAfter.getTime())),
      publicKey: keys.publicKey,
      signingKey: await signingKeyOf(authority),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          ...(isClientOnly ? [] : [x509.ExtendedKeyUsage.serverAuth]),
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension([
          ...names.map(value => ({ type: 'dns' as const, value })),
          ...addresses.map(value => ({ type: 'ip' as const, value })),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return toKeyPair(certificate, keys.privateKey)
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** 16 random bytes as hex; positive, as RFC 5280 asks (the first bit of the first byte is its sign). */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f || 1
  return bytes.toString('hex')
}

function signingKeyOf({ key }: KeyPair): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(key.reveal()).export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
}

function toKeyPair(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey): KeyPair {
  const pem = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { certificate: `${certificate.toString('pem')}\n`, key: new Secret(String(pem)) }
}

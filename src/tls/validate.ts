import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { TlsSpec } from '../model/spec.js'
import type { CertificateBundle } from './certificate-bundle.js'

/** When the certificate (the first of the text) begins and ends. Throws for a text that holds none. */
export function validityOf(certificate: string): { readonly fromMs: number; readonly toMs: number } {
  const { validFrom, validTo } = new X509Certificate(certificate)
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) }
}

/** What a certificate is to serve for. */
export interface Purpose {
  /** By which clients find the master. */
  readonly serverName: string
  /** What nodes ask of clients, and so of each other; left out: nothing. */
  readonly clientAuth?: TlsSpec['clientAuth']
  readonly nowMs: number
}

/**
 * Why a node can't serve with this, or its clients would not accept it; null when nothing speaks against it.
 * Asked before any node is touched: Redis itself would say no more than "check server logs".
 */
export function whyNotUsable(
  bundle: CertificateBundle,
  { serverName, clientAuth = 'none', nowMs }: Purpose,
): string | null {
  const chain = readCertificates(bundle.certificate)
  const authorities = readCertificates(bundle.authorities)
  const [leaf, ...intermediates] = chain ?? []
  if (leaf === undefined) return 'the certificate file holds no certificate in PEM form'
  if (authorities === null || authorities.length === 0)
    return 'the file of authorities (ca) holds no certificate in PEM form'
  const key = readKey(bundle.key.reveal())
  if (key === null) return 'the key file holds no private key in PEM form, or one with a passphrase'
  if (!leaf.checkPrivateKey(key)) return `the key is not the one of the certificate (${nameOf(leaf)})`
  const validityProblem = whyNotValidNow(leaf, nowMs)
  if (validityProblem !== null) return `the certificate (${nameOf(leaf)}) ${validityProblem}`
  const chainProblem = whyNotTrusted(leaf, { intermediates, authorities, nowMs })
  if (chainProblem !== null) return chainProblem
  if (leaf.checkHost(serverName, { subject: 'never' }) === undefined)
    return `the certificate is not for the name ${serverName}, by which clients find the master (it is for ${leaf.subjectAltName ?? 'no name at all'})`
  // Node's types call it an array; without that extension it is undefined, and the certificate good for all.
  const usages = leaf.keyUsage as readonly string[] | undefined
  if (clientAuth !== 'none' && usages !== undefined && !usages.includes(clientUsage))
    return `the certificate is not for clients (extended key usage clientAuth), and with clientAuth: ${clientAuth} replicas show it to their master`
  return null
}

/** The object identifier of the extended key usage clientAuth (RFC 5280). */
const clientUsage = '1.3.6.1.5.5.7.3.2'

/**
 * From the leaf to an authority that signed itself: OpenSSL, which Redis asks, trusts no chain that ends
 * before.
 */
function whyNotTrusted(
  leaf: X509Certificate,
  {
    intermediates,
    authorities,
    nowMs,
  }: {
    readonly intermediates: readonly X509Certificate[]
    readonly authorities: readonly X509Certificate[]
    readonly nowMs: number
  },
): string | null {
  const issuers = [...authorities, ...intermediates]
  let link = leaf
  for (let length = 0; length <= issuers.length; length++) {
    const current = link
    const issuer = issuers.find(one => current.checkIssued(one) && current.verify(one.publicKey))
    if (issuer === undefined)
      return `the certificate does not lead to an authority of the ca file: the issuer of ${nameOf(current)} is in neither file`
    const validityProblem = whyNotValidNow(issuer, nowMs)
    if (validityProblem !== null) return `the authority ${nameOf(issuer)} ${validityProblem}`
    if (issuer.checkIssued(issuer))
      return authorities.includes(issuer)
        ? null
        : `the authority ${nameOf(issuer)} is in the certificate file, but not in the ca file`
    link = issuer
  }
  return 'the certificates sign each other in a circle'
}

function whyNotValidNow(certificate: X509Certificate, nowMs: number): string | null {
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  if (nowMs >= toMs) return `has ended on ${new Date(toMs).toISOString()}`
  return nowMs < fromMs ? `is good only from ${new Date(fromMs).toISOString()} on` : null
}

/** Every certificate of the text; null when one of them can't be read. */
function readCertificates(pem: string): readonly X509Certificate[] | null {
  const blocks = pem
    .split(pemEnd)
    .slice(0, -1)
    .map(text => text.slice(Math.max(0, text.lastIndexOf(pemBegin))) + pemEnd)
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    return null
  }
}

const pemBegin = '-----BEGIN CERTIFICATE-----'
const pemEnd = '-----END CERTIFICATE-----'

function readKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}

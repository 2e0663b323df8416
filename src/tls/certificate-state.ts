import type { TlsSpec } from '../model/spec.js'
import { validityOf, whyNotUsable, type Purpose } from './validate.js'
import { certificateFingerprint, type KeyPair, type CertificateBundle } from './certificate-bundle.js'

/**
 * What is kept of one flotilla's certificates. Plain data; the rules over it are pure, and every change makes
 * a new one.
 */
export interface CertificateState {
  /** The private authorities, the oldest first; as a rule one. */
  readonly authorities: readonly KeyPair[]
  readonly leaves: readonly NodeCertificate[]
  /** What we and the gateway show nodes that ask for one; null where none ever did. */
  readonly client: ClientCertificate | null
  /** The last files of somebody's own that were good. */
  readonly files: CertificateBundle | null
  /** Which of the two the nodes get; null before the first. */
  readonly inForce: 'generated' | 'files' | null
  readonly retired: readonly Retired[]
}

/** The certificate that an authority of ours gave to one node. */
export interface NodeCertificate extends ClientCertificate {
  readonly ordinal: number
}

export interface ClientCertificate extends KeyPair {
  /** How long it was wished to be good for. */
  readonly lifetimeMs: number
}

/** Authorities that are not in force any more, and are trusted until then all the same. */
export interface Retired {
  readonly authorities: string
  readonly untilMs: number
}

export const emptyCertificateState: CertificateState = {
  authorities: [],
  leaves: [],
  client: null,
  files: null,
  inForce: null,
  retired: [],
}

const dayMs = 86_400_000
export const authorityLifetimeMs = 3_650 * dayMs

/**
 * A new authority is made, and told to nodes and clients, when the old one has this much left; it signs only
 * once the old one can't cover a whole certificate (a year at most). So clients have a year to take it over.
 */
const authorityOverlapMs = 730 * dayMs

/**
 * When authorities are replaced, nodes that have the new ones talk to nodes that have not, and we to both;
 * whatever is cut off half way, both are trusted for a day.
 */
const retirementMs = dayMs

/** From then on it is time that somebody does something about a certificate that we can't renew. */
export const expiryWarningMs = 14 * dayMs

/** Whether there has to be another private authority, now. */
export function needsAuthority({ authorities }: CertificateState, nowMs: number): boolean {
  return authorities.every(({ certificate }) => leftMs(certificate, nowMs) < authorityOverlapMs)
}

/**
 * Who signs a certificate that is to be good for so long: the oldest that outlasts it, which clients have
 * known longest.
 */
export function issuerFor(
  { authorities }: CertificateState,
  lifetimeMs: number,
  nowMs: number,
): KeyPair | null {
  return (
    authorities.find(({ certificate }) => leftMs(certificate, nowMs) >= lifetimeMs) ??
    authorities.at(-1) ??
    null
  )
}

/**
 * The certificate of this node, as long as it is as wished and has more than a third of its life before it.
 */
export function nodeCertificateFor(
  { leaves }: CertificateState,
  ordinal: number,
  { tls, nowMs }: { readonly tls: TlsSpec; readonly nowMs: number },
): NodeCertificate | null {
  const nodeCertificate = leaves.find(one => one.ordinal === ordinal)
  if (nodeCertificate === undefined) return null
  // While files of somebody's own are refused, what we made goes on as it was.
  const isDesired =
    tls.certificates.kind === 'files' || nodeCertificate.lifetimeMs === tls.certificates.lifetimeMs
  return isDesired && leftMs(nodeCertificate.certificate, nowMs) > nodeCertificate.lifetimeMs / 3
    ? nodeCertificate
    : null
}

/** Whether ours, which nodes ask for, is to be made, first or again. */
export function needsClientCertificate({ client }: CertificateState, tls: TlsSpec, nowMs: number): boolean {
  if (tls.clientAuth === 'none' || tls.certificates.kind === 'files') return false
  return client === null || leftMs(client.certificate, nowMs) <= client.lifetimeMs / 3
}

/**
 * What we show a node that asks: somebody's own certificate is the nodes' and ours. Shown as long as there is
 * one, as a node may still ask that is not to any more.
 */
export function clientPairIn({ inForce, files, client }: CertificateState): KeyPair | null {
  return inForce === 'files' ? files : client
}

/** With the certificate in place of the one that the node had. */
export function withNodeCertificate(
  state: CertificateState,
  nodeCertificate: NodeCertificate,
): CertificateState {
  return {
    ...state,
    leaves: [...state.leaves.filter(one => one.ordinal !== nodeCertificate.ordinal), nodeCertificate].sort(
      (a, b) => a.ordinal - b.ordinal,
    ),
  }
}

/** PEM of all that nodes, clients and we are to trust now. */
export function trustedAuthorities(state: CertificateState, nowMs: number): string {
  const texts = [
    activeAuthorities(state),
    ...state.retired.filter(({ untilMs }) => untilMs > nowMs).map(({ authorities }) => authorities),
  ]
  return [...new Set(texts.filter(text => text !== ''))].join('')
}

function activeAuthorities({ inForce, files, authorities }: CertificateState): string {
  if (inForce === 'files') return files?.authorities ?? ''
  return inForce === 'generated' ? authorities.map(({ certificate }) => certificate).join('') : ''
}

/** Somebody's own files as they were read, or why they could not be. */
export type FilesRead =
  | { readonly kind: 'read'; readonly bundle: CertificateBundle }
  | { readonly kind: 'unreadable'; readonly reason: string }

export interface Activation {
  readonly state: CertificateState
  /** Why the files that the manifest names are not used; null when they are, or none are named. */
  readonly refused: string | null
}

/**
 * Takes into force what the manifest asks for. Files that can't serve change nothing: what was in force
 * stays. `read` is null where the manifest names no files.
 */
export function activate(
  state: CertificateState,
  read: FilesRead | null,
  { serverName, clientAuth = 'none', nowMs }: Purpose,
): Activation {
  const current = pruneExpired(state, nowMs)
  if (read === null) return { state: setActive(current, { inForce: 'generated' }, nowMs), refused: null }
  if (read.kind === 'unreadable') return { state: current, refused: read.reason }
  const { bundle } = read
  const refused =
    whyNotUsable(bundle, { serverName, clientAuth, nowMs }) ??
    whyNotLaterExpiry(bundle.certificate, current, nowMs)
  return refused === null
    ? { state: setActive(current, { inForce: 'files', files: bundle }, nowMs), refused: null }
    : { state: current, refused }
}

/** About to end, and sooner than the one before: a mistake, most likely. */
function whyNotLaterExpiry(
  certificate: string,
  { inForce, files }: CertificateState,
  nowMs: number,
): string | null {
  const ends = validityOf(certificate).toMs
  if (ends - nowMs >= expiryWarningMs || inForce !== 'files' || files === null) return null
  const before = validityOf(files.certificate).toMs
  return ends < before
    ? `the certificate ends on ${new Date(ends).toISOString()}, sooner than the one in force (${new Date(before).toISOString()})`
    : null
}

function setActive(
  state: CertificateState,
  change: Pick<CertificateState, 'inForce'> & Partial<Pick<CertificateState, 'files'>>,
  nowMs: number,
): CertificateState {
  const next = { ...state, ...change }
  const before = activeAuthorities(state)
  const after = activeAuthorities(next)
  if (before === after || before === '' || after.includes(before)) return isSame(state, next) ? state : next
  return { ...next, retired: [...next.retired, { authorities: before, untilMs: nowMs + retirementMs }] }
}

function isSame(one: CertificateState, other: CertificateState): boolean {
  return (
    one.inForce === other.inForce &&
    one.files?.certificate === other.files?.certificate &&
    one.files?.authorities === other.files?.authorities &&
    one.files?.key.reveal() === other.files?.key.reveal()
  )
}

/** Authorities that have ended, and retired ones whose time is over, are dropped. */
function pruneExpired(state: CertificateState, nowMs: number): CertificateState {
  const authorities = state.authorities.filter(({ certificate }) => leftMs(certificate, nowMs) > 0)
  const retired = state.retired.filter(({ untilMs }) => untilMs > nowMs)
  const changed = authorities.length !== state.authorities.length || retired.length !== state.retired.length
  return changed ? { ...state, authorities, retired } : state
}

/** What a node gets, from what is there; null when its certificate has to be made first. */
export function bundleFor(
  state: CertificateState,
  ordinal: number,
  { tls, nowMs }: { readonly tls: TlsSpec; readonly nowMs: number },
): CertificateBundle | null {
  const pair = state.inForce === 'files' ? state.files : nodeCertificateFor(state, ordinal, { tls, nowMs })
  return pair === null ? null : bundleOf(pair, { tls, authorities: trustedAuthorities(state, nowMs) })
}

export function bundleOf(
  { certificate, key }: KeyPair,
  { tls: { clientAuth }, authorities }: { readonly tls: TlsSpec; readonly authorities: string },
): CertificateBundle {
  return { certificate, key, authorities, ...(clientAuth === 'none' ? {} : { clientAuth }) }
}

/** For how long a certificate that is made now is to be good. */
export function lifetimeOf({ certificates }: TlsSpec): number {
  return certificates.kind === 'generated' ? certificates.lifetimeMs : 90 * dayMs
}

/**
 * `certificateFingerprint` of what this node gets; null while its certificate is to be made, first or again.
 */
export function fingerprintFor(
  state: CertificateState,
  ordinal: number,
  context: { readonly tls: TlsSpec; readonly nowMs: number },
): string | null {
  const bundle = bundleFor(state, ordinal, context)
  return bundle === null ? null : certificateFingerprint(bundle)
}

function leftMs(certificate: string, nowMs: number): number {
  return validityOf(certificate).toMs - nowMs
}

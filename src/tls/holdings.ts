import type { TlsSpec } from '../manifest/spec.js'
import { validityOf, whyUnusable } from './examine.js'
import { fingerprintOf, type KeyPair, type NodeMaterial } from './material.js'

/** What is kept of one flotilla's certificates. Plain data; the rules over it are pure, and every change makes a new one. */
export interface Holdings {
  /** The private authorities, the oldest first; as a rule one. */
  readonly authorities: readonly KeyPair[]
  readonly leaves: readonly Leaf[]
  /** The last files of somebody's own that were good. */
  readonly files: NodeMaterial | null
  /** Which of the two the nodes get; null before the first. */
  readonly inForce: 'generated' | 'files' | null
  readonly retired: readonly Retired[]
}

/** The certificate that an authority of ours gave to one node. */
export interface Leaf extends KeyPair {
  readonly ordinal: number
  /** How long it was wished to be good for. */
  readonly lifetimeMs: number
}

/** Authorities that are not in force any more, and are trusted until then all the same. */
export interface Retired {
  readonly authorities: string
  readonly untilMs: number
}

export const noHoldings: Holdings = {
  authorities: [],
  leaves: [],
  files: null,
  inForce: null,
  retired: [],
}

const dayMs = 86_400_000
export const authorityLifetimeMs = 3_650 * dayMs

/**
 * A new authority is made, and told to nodes and clients, when the old one has this much left; it signs only once the old one can't cover a whole certificate (a
 * year at most). So clients have a year to take it over.
 */
const authorityOverlapMs = 730 * dayMs

/**
 * When authorities are replaced, nodes that have the new ones talk to nodes that have not, and we to both; whatever is cut off half way, both are trusted
 * for a day.
 */
const retirementMs = dayMs

/** From then on it is time that somebody does something about a certificate that we can't renew. */
export const expiringMs = 14 * dayMs

/** Whether there has to be another private authority, now. */
export function needsAuthority({ authorities }: Holdings, nowMs: number): boolean {
  return authorities.every(({ certificate }) => leftMs(certificate, nowMs) < authorityOverlapMs)
}

/** Who signs a certificate that is to be good for so long: the oldest that outlasts it, which clients have known longest. */
export function issuerFor({ authorities }: Holdings, lifetimeMs: number, nowMs: number): KeyPair | null {
  return (
    authorities.find(({ certificate }) => leftMs(certificate, nowMs) >= lifetimeMs) ??
    authorities.at(-1) ??
    null
  )
}

/** The certificate of this node, as long as it is as wished and has more than a third of its life before it. */
export function leafFor(
  { leaves }: Holdings,
  ordinal: number,
  { tls, nowMs }: { readonly tls: TlsSpec; readonly nowMs: number },
): Leaf | null {
  const leaf = leaves.find(one => one.ordinal === ordinal)
  if (leaf === undefined) return null
  // While files of somebody's own are refused, what we made goes on as it was.
  const isWished = tls.certificates.kind === 'files' || leaf.lifetimeMs === tls.certificates.lifetimeMs
  return isWished && leftMs(leaf.certificate, nowMs) > leaf.lifetimeMs / 3 ? leaf : null
}

/** With the certificate in place of the one that the node had. */
export function withLeaf(holdings: Holdings, leaf: Leaf): Holdings {
  return {
    ...holdings,
    leaves: [...holdings.leaves.filter(one => one.ordinal !== leaf.ordinal), leaf].sort(
      (a, b) => a.ordinal - b.ordinal,
    ),
  }
}

/** PEM of all that nodes, clients and we are to trust now. */
export function trustedIn(holdings: Holdings, nowMs: number): string {
  const texts = [
    authoritiesInForce(holdings),
    ...holdings.retired.filter(({ untilMs }) => untilMs > nowMs).map(({ authorities }) => authorities),
  ]
  return [...new Set(texts.filter(text => text !== ''))].join('')
}

function authoritiesInForce({ inForce, files, authorities }: Holdings): string {
  if (inForce === 'files') return files?.authorities ?? ''
  return inForce === 'generated' ? authorities.map(({ certificate }) => certificate).join('') : ''
}

/** Somebody's own files as they were read, or why they could not be. */
export type FilesRead =
  | { readonly kind: 'read'; readonly material: NodeMaterial }
  | { readonly kind: 'unreadable'; readonly why: string }

export interface Refreshed {
  readonly holdings: Holdings
  /** Why the files that the manifest names are not used; null when they are, or none are named. */
  readonly refused: string | null
}

/**
 * Takes into force what the manifest asks for. Files that can't serve change nothing: what was in force stays. `read` is null where the manifest names no files.
 */
export function takeIntoForce(
  holdings: Holdings,
  read: FilesRead | null,
  { serverName, nowMs }: { readonly serverName: string; readonly nowMs: number },
): Refreshed {
  const current = withoutThePast(holdings, nowMs)
  if (read === null) return { holdings: putInForce(current, { inForce: 'generated' }, nowMs), refused: null }
  if (read.kind === 'unreadable') return { holdings: current, refused: read.why }
  const { material } = read
  const refused =
    whyUnusable(material, { serverName, nowMs }) ?? whyWorse(material.certificate, current, nowMs)
  return refused === null
    ? { holdings: putInForce(current, { inForce: 'files', files: material }, nowMs), refused: null }
    : { holdings: current, refused }
}

/** About to end, and sooner than the one before: a mistake, most likely. */
function whyWorse(certificate: string, { inForce, files }: Holdings, nowMs: number): string | null {
  const ends = validityOf(certificate).toMs
  if (ends - nowMs >= expiringMs || inForce !== 'files' || files === null) return null
  const before = validityOf(files.certificate).toMs
  return ends < before
    ? `the certificate ends on ${new Date(ends).toISOString()}, sooner than the one in force (${new Date(before).toISOString()})`
    : null
}

function putInForce(
  holdings: Holdings,
  change: Pick<Holdings, 'inForce'> & Partial<Pick<Holdings, 'files'>>,
  nowMs: number,
): Holdings {
  const next = { ...holdings, ...change }
  const before = authoritiesInForce(holdings)
  const after = authoritiesInForce(next)
  if (before === after || before === '' || after.includes(before))
    return isSame(holdings, next) ? holdings : next
  return { ...next, retired: [...next.retired, { authorities: before, untilMs: nowMs + retirementMs }] }
}

function isSame(one: Holdings, other: Holdings): boolean {
  return (
    one.inForce === other.inForce &&
    one.files?.certificate === other.files?.certificate &&
    one.files?.authorities === other.files?.authorities &&
    one.files?.key.reveal() === other.files?.key.reveal()
  )
}

/** Authorities that have ended, and retired ones whose time is over, are dropped. */
function withoutThePast(holdings: Holdings, nowMs: number): Holdings {
  const authorities = holdings.authorities.filter(({ certificate }) => leftMs(certificate, nowMs) > 0)
  const retired = holdings.retired.filter(({ untilMs }) => untilMs > nowMs)
  const changed =
    authorities.length !== holdings.authorities.length || retired.length !== holdings.retired.length
  return changed ? { ...holdings, authorities, retired } : holdings
}

/** What a node gets, from what is there; null when its certificate has to be made first. */
export function materialOf(
  holdings: Holdings,
  ordinal: number,
  { tls, nowMs }: { readonly tls: TlsSpec; readonly nowMs: number },
): NodeMaterial | null {
  const { inForce, files } = holdings
  const authorities = trustedIn(holdings, nowMs)
  if (inForce === 'files') return files === null ? null : { ...files, authorities }
  const leaf = leafFor(holdings, ordinal, { tls, nowMs })
  return leaf === null ? null : { certificate: leaf.certificate, key: leaf.key, authorities }
}

/** For how long a certificate that is made now is to be good. */
export function lifetimeOf({ certificates }: TlsSpec): number {
  return certificates.kind === 'generated' ? certificates.lifetimeMs : 90 * dayMs
}

/** `fingerprintOf` of what this node gets; null while its certificate is to be made, first or anew. */
export function fingerprintFor(
  holdings: Holdings,
  ordinal: number,
  context: { readonly tls: TlsSpec; readonly nowMs: number },
): string | null {
  const material = materialOf(holdings, ordinal, context)
  return material === null ? null : fingerprintOf(material)
}

function leftMs(certificate: string, nowMs: number): number {
  return validityOf(certificate).toMs - nowMs
}

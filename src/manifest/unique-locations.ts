/**
 * A place belongs to one node. The options of volume drivers can send volumes of two flotillas, or one inside
 * the other, to one folder, device or share. And on a network that two flotillas join, a container's name of
 * one can be a node's alias of the other: `x-replica-1` is a replica of `x`, and node 1 of `x-replica`. A
 * port of the host belongs to one gateway.
 */
import { isWildcard } from '../listen-address.js'
import type { Diagnostic } from './diagnostic.js'
import type { CheckedFile } from './unique-names.js'
import type { DeclaredFlotilla } from './parse.js'
import {
  locationsOverlap,
  nodeLocation,
  renderLocation,
  type VolumeLocation,
} from '../model/volume-location.js'

/**
 * Takes a document out whose nodes would have the place of another one's, with a diagnostic that names that
 * one. What is in force as it is written, by its digest, keeps its places: a new document can't take them
 * over because its file name sorts before.
 */
export function assignLocations(
  files: readonly CheckedFile[],
  inForce: ReadonlyMap<string, string>,
): readonly CheckedFile[] {
  const all = files.flatMap(file => file.declared)
  const isAccepted = ({ spec, digest }: DeclaredFlotilla): boolean => inForce.get(spec.name) === digest
  const taken = new Map<string, Claim[]>()
  const clashes = new Map<DeclaredFlotilla, Diagnostic>()
  for (const declared of [...all.filter(isAccepted), ...all.filter(one => !isAccepted(one))]) {
    const claims = claimsOf(declared)
    const clash = claims
      .map(claim => ({ claim, holder: holderOf(taken, claim.location) }))
      .find(({ holder }) => holder !== null)
    if (clash?.holder) clashes.set(declared, explainClash(clash.claim, clash.holder))
    else for (const claim of claims) enter(taken, claim)
  }
  return files.map(file => {
    const refused = file.declared.flatMap(declared => {
      const clash = clashes.get(declared)
      return clash === undefined ? [] : [{ name: declared.spec.name, diagnostics: [clash] }]
    })
    return {
      ...file,
      declared: file.declared.filter(declared => !clashes.has(declared)),
      broken: [...file.broken, ...refused],
      diagnostics: [...file.diagnostics, ...refused.flatMap(({ diagnostics }) => diagnostics)],
    }
  })
}

interface Claim {
  readonly declared: DeclaredFlotilla
  readonly location: VolumeLocation
}

/** Of every node that it may come to have: one more than it asks for, while it rolls. */
function claimsOf(declared: DeclaredFlotilla): readonly Claim[] {
  const { name, replicas, persistence, network } = declared.spec
  const ofNodes = Array.from({ length: replicas + 2 }, (_, ordinal) => ordinal).flatMap(ordinal => {
    const location = nodeLocation(persistence.volume, { flotilla: name, ordinal })
    const names = [`${name}-${ordinal}`, `${name}-replica-${ordinal}`]
    return [
      ...(location === null ? [] : [{ declared, location }]),
      ...network.external.flatMap(at =>
        names.map(path => ({ declared, location: { host: `${networkPrefix}${at}`, path } })),
      ),
    ]
  })
  return [...ofNodes, ...portsOf(declared)]
}

/** A port of the host is a place too: that of every address holds that of each. */
function portsOf(declared: DeclaredFlotilla): readonly Claim[] {
  const { gateway } = declared.spec
  return [gateway?.master, gateway?.replicas].flatMap(address =>
    address === undefined || address === null
      ? []
      : [
          {
            declared,
            location: {
              host: `${portPrefix}${address.port}`,
              path: isWildcard(address.host) ? '/' : `/${address.host}`,
            },
          },
        ],
  )
}

const portPrefix = 'port '

/** A name on a network is a place too, where one container is found. No file server is called so. */
const networkPrefix = 'network '

/**
 * A place is entered under itself and under every folder above it, so that who asks for either is answered
 * without a walk over all of them.
 */
function enter(taken: Map<string, Claim[]>, claim: Claim): void {
  for (const key of prefixKeysOf(claim.location)) {
    const before = taken.get(key)
    if (before === undefined) taken.set(key, [claim])
    else if (key === keyOf(claim.location)) before.unshift(claim)
  }
}

function holderOf(taken: ReadonlyMap<string, readonly Claim[]>, location: VolumeLocation): Claim | null {
  for (const key of prefixKeysOf(location)) {
    const found = taken.get(key)?.find(claim => locationsOverlap(claim.location, location))
    if (found !== undefined) return found
  }
  return null
}

function prefixKeysOf(location: VolumeLocation): readonly string[] {
  const parts = location.path.split(/(?=[/#])/)
  const above = parts.map((_, index) => parts.slice(0, index + 1).join(''))
  return [...new Set(['/', ...above])].map(path => keyOf({ ...location, path }))
}

function keyOf({ host, path }: VolumeLocation): string {
  return `${host}\0${path}`
}

function explainClash({ declared, location }: Claim, holder: Claim): Diagnostic {
  const { name } = declared.spec
  const { source, nameAt, spec } = holder.declared
  if (location.host.startsWith(portPrefix))
    return {
      file: declared.source.file,
      position: declared.nameAt,
      message: `${location.host} would be opened by the gateway of ${name} and by that of ${spec.name} (${source.file}:${nameAt.line}:${nameAt.col}), and only one can have it; write another port under spec.gateway`,
    }
  if (location.host.startsWith(networkPrefix))
    return {
      file: declared.source.file,
      position: declared.nameAt,
      message: `${location.path} on the ${location.host} would be a node of ${name} and one of ${spec.name} (${source.file}:${nameAt.line}:${nameAt.col}), and who asks for it would reach one or the other by chance; give one of the two flotillas another name, or take the network out of its spec.network.external`,
    }
  return {
    file: declared.source.file,
    position: declared.nameAt,
    message: `the volumes of ${name} would be where those of ${spec.name} are (${renderLocation(location)}; ${source.file}:${nameAt.line}:${nameAt.col}), and servers that share a folder destroy each other's data; put {flotilla} into spec.persistence.volume.options`,
  }
}

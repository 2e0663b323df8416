import { isSamePlace, placeOfNode, renderPlace, type VolumePlace } from '../../manifest/volume-place.js'
import { newVolumeName } from '../names.js'
import type { LocatedVolume } from '../observation.js'
import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Refusal } from './plan.js'
import { volumeOf } from './volumes.js'

/**
 * Volumes that are one place under several names: a device, a folder or a share that two nodes were given, of one flotilla or of two. Only one server may use it: whoever
 * runs on it, else the master, else whoever has it for longest. The others are not started, and nothing that lies there is archived for them.
 */
export function planSharedVolumes(
  input: PlanInput,
  census: Census,
  master: number | null,
): ReadonlyMap<number, Refusal> {
  const claims = claimsOn(input, census, master)
  const nodes = [...census.wanted, ...census.surplus]
  return new Map(
    nodes.flatMap(node => {
      const own = claims.find(claim => claim.node === node)
      const holder = own === undefined ? undefined : claims.find(claim => goesBefore(claim, own))
      return own === undefined || holder === undefined ? [] : [[node.ordinal, refuse(input, own, holder)]]
    }),
  )
}

/** A volume at a known place that somebody uses, or is to use. */
interface Claim {
  readonly volume: string
  readonly flotilla: string
  readonly ordinal: number
  readonly place: VolumePlace
  /** Null: of another flotilla, or of no node any more. */
  readonly node: ClassifiedNode | null
  /** The less, the more right it has to the place. */
  readonly rank: (typeof ranks)[number]
}

const ranks = ['the master runs', 'runs', 'the master', 'has a container', 'has data', 'new'] as const

function claimsOn(input: PlanInput, census: Census, master: number | null): readonly Claim[] {
  const located = input.seen.resources?.located ?? []
  const taken = located.map((one): Claim => {
    const node = nodesOf(census).find(
      ({ ordinal }) => one.flotilla === input.spec.name && ordinal === one.ordinal,
    )
    const own = node !== undefined && volumeOf(input, node) === one.name ? node : null
    return { ...one, volume: one.name, node: own, rank: rankOf(one, own !== null && one.ordinal === master) }
  })
  return [...taken, ...claimsOfNew(input, census, taken)]
}

function nodesOf({ wanted, surplus }: Census): readonly ClassifiedNode[] {
  return [...wanted, ...surplus]
}

function rankOf({ user }: LocatedVolume, isMaster: boolean): Claim['rank'] {
  if (user?.runs === true) return isMaster ? 'the master runs' : 'runs'
  if (isMaster) return 'the master'
  return user === null ? 'has data' : 'has a container'
}

/** Of nodes whose volume is still to be made. */
function claimsOfNew(input: PlanInput, census: Census, taken: readonly Claim[]): readonly Claim[] {
  const { name, persistence } = input.spec
  const made = input.seen.resources?.volumes ?? []
  return census.wanted.flatMap((node): Claim[] => {
    const { ordinal } = node
    if (node.seen !== null || taken.some(claim => claim.node === node)) return []
    if (made.some(volume => volume.ordinal === ordinal)) return []
    const place = placeOfNode(persistence.volume, { flotilla: name, ordinal })
    const volume = newVolumeName(input.spec, ordinal)
    return place === null ? [] : [{ volume, flotilla: name, ordinal, place, node, rank: 'new' }]
  })
}

/** A volume that lies about keeps off only who would be new there: what its own flotilla left is no server that writes. */
function goesBefore(one: Claim, other: Claim): boolean {
  if (one === other || one.volume === other.volume || !isSamePlace(one.place, other.place)) return false
  if (one.rank === 'has data' && one.node === null && other.rank !== 'new') return false
  const difference = ranks.indexOf(one.rank) - ranks.indexOf(other.rank)
  if (difference !== 0) return difference < 0
  return one.flotilla === other.flotilla ? one.ordinal < other.ordinal : one.flotilla < other.flotilla
}

function runs({ rank }: Claim): boolean {
  return rank === 'runs' || rank === 'the master runs'
}

function refuse({ spec }: PlanInput, own: Claim, holder: Claim): Refusal {
  const { ordinal, volume, node } = own
  const whose =
    holder.flotilla === spec.name ? `node ${holder.ordinal}` : `node ${holder.ordinal} of ${holder.flotilla}`
  const container = node?.seen?.container.name
  const remove = [
    ...(container === undefined ? [] : [`docker rm -f ${container}`]),
    ...(own.rank === 'new' ? [] : [`docker volume rm ${volume}`]),
  ].join(' && ')
  return {
    code: 'VolumeShared',
    why: `the volume ${volume} of node ${ordinal} is where ${holder.volume} of ${whose} is (${renderPlace(own.place)}), and servers that share a folder destroy each other's data; ${runs(own) ? 'both run' : `node ${ordinal} is not started`}`,
    whatToType: `put {flotilla} and {ordinal} into spec.persistence.volume.options${remove === '' ? '' : `, then: ${remove}   (the files stay where they are; node ${ordinal} copies them to its own place)`}`,
  }
}

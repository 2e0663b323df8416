import {
  locationsOverlap,
  nodeLocation,
  renderLocation,
  type VolumeLocation,
} from '../../../model/volume-location.js'
import { newVolumeName } from '../../../model/names.js'
import type { LocatedVolume } from '../../../model/observation.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import { volumeOf } from './volumes.js'

/**
 * Volumes that are one place under several names: a device, a folder or a share that two nodes were given, of
 * one flotilla or of two. Only one server may use it: whoever runs on it, else the master, else whoever has
 * it for longest. The others are not started, and nothing that lies there is archived for them.
 */
export function planSharedVolumes(
  input: PlanInput,
  members: Members,
  master: number | null,
): ReadonlyMap<number, Refusal> {
  const claims = claimsOn(input, members, master)
  const nodes = [...members.wanted, ...members.excess]
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
  readonly location: VolumeLocation
  /** Null: of another flotilla, or of no node any more. */
  readonly node: Member | null
  /** The less, the more right it has to the place. */
  readonly rank: (typeof ranks)[number]
}

const ranks = ['the master runs', 'runs', 'the master', 'has a container', 'has data', 'new'] as const

function claimsOn(input: PlanInput, members: Members, master: number | null): readonly Claim[] {
  const located = input.seen.resources?.located ?? []
  const taken = located.map((one): Claim => {
    const node = nodesOf(members).find(
      ({ ordinal }) => one.flotilla === input.spec.name && ordinal === one.ordinal,
    )
    const own = node !== undefined && volumeOf(input, node) === one.name ? node : null
    return { ...one, volume: one.name, node: own, rank: rankOf(one, own !== null && one.ordinal === master) }
  })
  return [...taken, ...claimsOfNew(input, members, taken)]
}

function nodesOf({ wanted, excess }: Members): readonly Member[] {
  return [...wanted, ...excess]
}

function rankOf({ user }: LocatedVolume, isMaster: boolean): Claim['rank'] {
  if (user?.runs === true) return isMaster ? 'the master runs' : 'runs'
  if (isMaster) return 'the master'
  return user === null ? 'has data' : 'has a container'
}

/** Of nodes whose volume is still to be made. */
function claimsOfNew(input: PlanInput, members: Members, taken: readonly Claim[]): readonly Claim[] {
  const { name, persistence } = input.spec
  const existing = input.seen.resources?.volumes ?? []
  return members.wanted.flatMap((node): Claim[] => {
    const { ordinal } = node
    if (node.seen !== null || taken.some(claim => claim.node === node)) return []
    if (existing.some(volume => volume.ordinal === ordinal)) return []
    const location = nodeLocation(persistence.volume, { flotilla: name, ordinal })
    const volume = newVolumeName(input.spec, ordinal)
    return location === null ? [] : [{ volume, flotilla: name, ordinal, location, node, rank: 'new' }]
  })
}

/**
 * A volume that lies about keeps off only who would be new there: what its own flotilla left is no server
 * that writes.
 */
function goesBefore(one: Claim, other: Claim): boolean {
  if (one === other || one.volume === other.volume || !locationsOverlap(one.location, other.location))
    return false
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
    reason: `the volume ${volume} of node ${ordinal} is where ${holder.volume} of ${whose} is (${renderLocation(own.location)}), and servers that share a folder destroy each other's data; ${runs(own) ? 'both run' : `node ${ordinal} is not started`}`,
    remedy: `put {flotilla} and {ordinal} into spec.persistence.volume.options${remove === '' ? '' : `, then: ${remove}   (the files stay where they are; node ${ordinal} copies them to its own place)`}`,
  }
}

import type { FlotillaSpec, VolumeSettings } from './spec.js'
import { fillTemplate } from './template.js'

/**
 * Every name that Flotilla gives to something. A container's name is its role; a node's alias and its
 * volume's labels are its identity and never change. One place, so that the planner, the CLI and the docs
 * can't disagree.
 */

/**
 * The container that holds this name is the master: clients connect to it, and the link alias `master` points
 * at it.
 */
export function masterName(flotilla: string): string {
  return `${flotilla}-master`
}

/**
 * What a promoted node is called as long as the container of a dead master can't give up the master's name:
 * Docker holds that one locked while it clears up after it, for 0.1 to 0.6 s. Names of containers differ by
 * case, and Docker's name resolution does not look at case (20.10 and since), so whoever asks for the
 * master's name finds this one too.
 */
export function interimMasterName(flotilla: string): string {
  return `${flotilla}-MASTER`
}

export function replicaName(flotilla: string, ordinal: number): string {
  return `${flotilla}-replica-${ordinal}`
}

export function roleName(flotilla: string, ordinal: number, role: 'master' | 'replica'): string {
  return role === 'master' ? masterName(flotilla) : replicaName(flotilla, ordinal)
}

/** The container of the gateway, and by what it is found on every network of the flotilla. */
export function gatewayName(flotilla: string): string {
  return `${flotilla}-gateway`
}

/** What its successor is called until it has gone. */
export function nextGatewayName(flotilla: string): string {
  return `${flotilla}-gateway-next`
}

/** Immutable network alias, announced to the master and used in REPLICAOF. */
export function nodeAlias(flotilla: string, ordinal: number): string {
  return `${flotilla}-${ordinal}`
}

/**
 * What a new volume of this node is called. Never how one that exists is found: that carries the node's
 * labels, and may have been made when the manifest asked for other names.
 */
export function newVolumeName({ name, persistence }: VolumeNaming, ordinal: number): string {
  return fillTemplate(persistence.volume.name, { flotilla: name, ordinal })
}

export type VolumeNaming = Pick<FlotillaSpec, 'name'> & {
  readonly persistence: { readonly volume: Pick<VolumeSettings, 'name'> }
}

/** Where every node has its volume. */
export const dataPath = '/data'

export function networkName(flotilla: string): string {
  return flotilla
}

/** The name by which a node knows the master from its birth: `--link <flotilla>-master:master`. */
export const masterLinkAlias = 'master'

export function masterLink(flotilla: string): string {
  return `${masterName(flotilla)}:${masterLinkAlias}`
}

export const redisPort = 6379

/**
 * Where on its volume a replica's data goes that its server can't read; what a replaced master held goes to
 * `epoch-<n>`.
 */
export const unreadableFolder = 'unreadable'

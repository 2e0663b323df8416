/**
 * Every name that Flotilla gives to something. A container's name is its role; a node's alias and volume are its identity
 * and never change. One place, so that the planner, the CLI and the docs can't disagree.
 */

/** The container that holds this name is the master: clients connect to it, and the link alias `master` points at it. */
export function masterName(flotilla: string): string {
  return `${flotilla}-master`
}

export function replicaName(flotilla: string, ordinal: number): string {
  return `${flotilla}-replica-${ordinal}`
}

export function roleName(flotilla: string, ordinal: number, role: 'master' | 'replica'): string {
  return role === 'master' ? masterName(flotilla) : replicaName(flotilla, ordinal)
}

/** Immutable network alias, announced to the master and used in REPLICAOF. */
export function nodeAlias(flotilla: string, ordinal: number): string {
  return `${flotilla}-${ordinal}`
}

export function volumeName(flotilla: string, ordinal: number): string {
  return `${flotilla}-${ordinal}`
}

export function networkName(flotilla: string): string {
  return flotilla
}

/** The name by which a node knows the master from its birth: `--link <flotilla>-master:master`. */
export const masterLinkAlias = 'master'

export function masterLink(flotilla: string): string {
  return `${masterName(flotilla)}:${masterLinkAlias}`
}

export const redisPort = 6379

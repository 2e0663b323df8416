import { isDeepStrictEqual } from 'node:util'
import type { FlotillaSpec, PersistenceSettings } from '../../model/spec.js'

/** How the manifest wants data to be kept. */
export function desiredPersistence({
  persistence: { mode, save, appendfsync },
}: FlotillaSpec): PersistenceSettings {
  return { mode, save, appendfsync }
}

/**
 * What a node's redis.conf has to say. Redis reads only one of the two at its start, so a node that keeps an
 * append-only file and is started with snapshots, or the other way round, comes up without its data: the file
 * says what the volume bears out, whatever the manifest has come to say. A node that keeps nothing, or is to,
 * has no data to be read.
 */
export function persistenceOnDisk(
  spec: FlotillaSpec,
  known: PersistenceSettings | null,
): PersistenceSettings {
  return known === null || known.mode === 'none' || spec.persistence.mode === 'none'
    ? desiredPersistence(spec)
    : known
}

export function isSamePersistence(one: PersistenceSettings, other: PersistenceSettings): boolean {
  return isDeepStrictEqual(one, other)
}

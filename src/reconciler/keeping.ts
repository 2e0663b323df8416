import { isDeepStrictEqual } from 'node:util'
import type { FlotillaSpec, KeepingSpec } from '../manifest/spec.js'

/** How the manifest wants data to be kept. */
export function keepingIn({ persistence: { mode, save, appendfsync } }: FlotillaSpec): KeepingSpec {
  return { mode, save, appendfsync }
}

/**
 * What a node's redis.conf has to say. Redis reads only one of the two at its start, so a node that keeps an append-only file and is started with snapshots, or
 * the other way round, comes up without its data: the file says what the volume bears out, whatever the manifest has come to say. A node that keeps nothing, or is to, has no data
 * to be read.
 */
export function keepingOnDisk(spec: FlotillaSpec, known: KeepingSpec | null): KeepingSpec {
  return known === null || known.mode === 'none' || spec.persistence.mode === 'none' ? keepingIn(spec) : known
}

export function isKeptAs(one: KeepingSpec, other: KeepingSpec): boolean {
  return isDeepStrictEqual(one, other)
}

import type { SourceSpec } from '../../../model/spec.js'
import type { FlotillaMemory } from '../../../model/record.js'
import type { FlotillaSpec } from '../../../model/spec.js'

/**
 * The Redis of somebody else that this flotilla follows, or is to follow because it has never had a master;
 * null for one that goes by itself. What was begun goes on until somebody says that it takes over, also where
 * the manifest does not name it any more; where it names another one, or another way to it, that one is
 * looked at (external-replication.ts says when it is followed), but not in the middle of a take-over.
 */
export function externalSource({
  spec,
  memory,
}: {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
}): SourceSpec | null {
  const { source, operation } = memory
  if (source !== null && source.phase !== 'followed') return null
  if (source !== null) return operation === null ? (spec.bootstrap ?? source.from) : source.from
  return memory.master === null && operation === null ? spec.bootstrap : null
}

/** Whether what is followed, or how it is logged in to, is to be another than what is on record. */
export function isOtherSource({
  spec,
  memory,
}: {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
}): boolean {
  const { source } = memory
  const wanted = externalSource({ spec, memory })
  if (source === null || wanted === null) return false
  const { from } = source
  return !isSamePlace(wanted, from) || wanted.user !== from.user || wanted.passwordFile !== from.passwordFile
}

/** Whether both are found in the same way, whoever logs in there. */
export function isSamePlace(one: SourceSpec, other: SourceSpec): boolean {
  return (
    sourceText(one) === sourceText(other) && one.at.port === other.at.port && one.at.kind === other.at.kind
  )
}

/** As messages call it. */
export function sourceText({ at }: SourceSpec): string {
  return at.kind === 'container' ? at.container : `${at.host}:${at.port}`
}

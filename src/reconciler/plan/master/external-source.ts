import type { SourceSpec } from '../../../model/spec.js'
import type { FlotillaMemory } from '../../../model/record.js'
import type { FlotillaSpec } from '../../../model/spec.js'

/**
 * The Redis of somebody else that this flotilla follows, or is to follow because it has never had a master;
 * null for one that goes by itself. What was begun goes on as it was begun until somebody says that it takes
 * over, whatever the manifest says meanwhile.
 */
export function externalSource({
  spec,
  memory,
}: {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
}): SourceSpec | null {
  if (memory.source !== null) return memory.source.phase === 'followed' ? memory.source.from : null
  return memory.master === null && memory.operation === null ? spec.bootstrap : null
}

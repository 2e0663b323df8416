import type { FlotillaSpec } from '../../manifest/spec.js'
import type { FlotillaMemory } from '../memory.js'
import type { TlsSight } from '../../tls/sight.js'
import type { Observation } from '../observation.js'

/** All that planning may look at. The clock is `seen.atMs`. */
export interface PlanInput {
  readonly spec: FlotillaSpec
  readonly seen: Observation
  readonly memory: FlotillaMemory
  /** What the spec-hash label of an up-to-date container says. */
  readonly specHash: string
  /** What is known of certificates; null where TLS is off and never was on. */
  readonly tls: TlsSight | null
}

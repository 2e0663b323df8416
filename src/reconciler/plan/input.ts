import type { FlotillaSpec } from '../../manifest/spec.js'
import type { AuthView } from '../auth/node-auth.js'
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
  /** Other labels that say the same: containers of an earlier version. */
  readonly equalHashes: readonly string[]
  /** Null for a flotilla that has no passwords yet: it was never reconciled. */
  readonly auth: AuthView | null
}

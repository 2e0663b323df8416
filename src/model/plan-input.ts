import type { FlotillaSpec } from './spec.js'
import type { FlotillaMemory } from './record.js'
import type { Observation } from './observation.js'
import type { AuthView } from './auth-view.js'
import type { TlsView } from './tls-view.js'
import type { GatewayFileFacts } from './gateway.js'

/** All that planning may look at. The clock is `seen.atMs`. */
export interface PlanInput {
  readonly spec: FlotillaSpec
  readonly seen: Observation
  readonly memory: FlotillaMemory
  /** What the spec-hash label of an up-to-date container says. */
  readonly specHash: string
  /** The same of the gateway's container; absent where none is asked for. */
  readonly gatewayHash?: string
  /** What an up-to-date one says of its files; absent where none is asked for. */
  readonly gatewayFiles?: GatewayFileFacts
  /** What is known of certificates; null where TLS is off and never was on. */
  readonly tls: TlsView | null
  /** Other labels that say the same: containers of an earlier version. */
  readonly equalHashes: readonly string[]
  /** Null for a flotilla that has no passwords yet: it was never reconciled. */
  readonly auth: AuthView | null
}

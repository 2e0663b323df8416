import type { PersistenceSettings } from '../../model/spec.js'
import type { EventSink } from '../../events/catalogue.js'
import type { ReachMode } from '../../redis/reach.js'
import type { RedisPort } from '../../redis/redis.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ReadSecretFile } from '../../secret-files.js'
import type { NodeAuth } from '../auth/node-auth.js'
import type { CertificateBundle } from '../../tls/certificate-bundle.js'
import type { GatewayPort } from '../../gateway/gateway.js'
import type { GatewayTemplate } from '../desired/desired-gateway.js'
import type { NodeTemplate } from '../desired/desired-node.js'
import type { FlotillaMemory } from '../../model/record.js'
import type { OwnNetworks } from '../observe/own-networks.js'
import type { SourceLogin } from '../../model/redis.js'
import type { Keyring } from '../../model/keyring.js'

/** What the hands need: the ports, what was seen, and where the memory is kept. */
export interface ExecutionContext {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly gatewayPort: GatewayPort
  /** Null where no gateway is asked for. */
  readonly gatewayTemplate: GatewayTemplate | null
  /** Where clients that come through the gateway reach a node. */
  readonly clientPort: number
  readonly reach: ReachMode
  readonly ownNetworks: OwnNetworks
  readonly template: NodeTemplate
  /** What manifests name, where the policy lets them. */
  readonly readSecretFile: ReadSecretFile
  /** What nodes are given, and what we log in to them with. */
  readonly auth: NodeAuth
  /** Changes the keyring, and writes it down before it returns. */
  readonly updateKeyring: (change: (keyring: Keyring) => Keyring) => Promise<void>
  /** The certificate of a node, made if it has none or the one it had is due; null where TLS is off. */
  readonly certificateFor: (ordinal: number) => Promise<CertificateBundle | null>
  readonly persistenceOf: (ordinal: number) => PersistenceSettings | null
  /**
   * How to get into the Redis that the flotilla follows; null when it follows none, or that one lets
   * everybody in.
   */
  readonly sourceLogin: SourceLogin | null
  readonly events: EventSink
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly signal: AbortSignal
  /** Ends what takes long and may be given up. */
  readonly preemptSignal: AbortSignal
  /** Changes the memory; on disk it is with the next save. */
  readonly setMemory: (change: (memory: FlotillaMemory) => FlotillaMemory) => void
  /** Writes the memory down (fsync) before it returns. */
  readonly saveMemory: (
    change: (memory: FlotillaMemory) => FlotillaMemory,
    how?: { readonly urgent: boolean },
  ) => Promise<void>
}

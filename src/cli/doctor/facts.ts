import type { ErrorCode } from '../../errors.js'
import type { TlsSpec } from '../../model/spec.js'
import type { Reach } from '../../redis/reach.js'
import type { Garbage } from '../gc/garbage.js'
import type { SentinelState } from '../sentinel-state.js'
import type { EngineFacts, ImageFacts } from '../../model/engine.js'
import type { Probe } from '../../model/redis.js'

/** A fact, or in words why it is not known. */
export type Known<Value> =
  { readonly kind: 'known'; readonly value: Value } | { readonly kind: 'unknown'; readonly reason: string }

/** Everything that the checks judge, gathered once. */
export interface DoctorFacts {
  readonly engine:
    | {
        readonly kind: 'answers'
        readonly facts: EngineFacts
        readonly skewMs: number | null
        readonly reach: Reach
        /** Why nothing can be changed on it from here; null when everything can. */
        readonly readOnly: Known<string | null>
        readonly insideContainer: boolean
      }
    | {
        readonly kind: 'silent'
        readonly code: ErrorCode | null
        readonly message: string
        readonly hint: string | null
      }
  readonly host: HostFacts
  readonly state: StateFacts
  readonly manifests: {
    readonly path: string
    readonly problems: readonly string[]
    readonly flotillas: number
  }
  /** Of each flotilla that is declared: how its connections are encrypted. */
  readonly encryption: Known<readonly { readonly flotilla: string; readonly mode: TlsSpec['mode'] }[]>
  /** Of each folder that backups go to. */
  readonly backupDisks: Known<readonly { readonly path: string; readonly disk: Known<Disk> }[]>
  readonly images: Known<readonly { readonly image: string; readonly found: ImageFacts | null }[]>
  /** Every node that runs, and whether it answered. */
  readonly nodes: Known<readonly { readonly name: string; readonly probe: Probe | null }[]>
  /** Of each flotilla that asks for a gateway: why clients don't get through it; null when they do. */
  readonly gateways: Known<readonly { readonly name: string; readonly problem: string | null }[]>
  /** Why a name of ours leads, or may lead, to somebody else. */
  readonly nameConflicts: Known<readonly { readonly reason: string; readonly fix: string }[]>
  /** Flotillas that run and whose passwords are not in the state directory, or damaged. */
  readonly missingSecrets: Known<readonly string[]>
  readonly leftovers: Known<readonly Garbage[]>
  readonly sentinel: Known<SentinelFacts>
}

/** Of the Sentinel protocol. */
export interface SentinelFacts extends SentinelState {
  /** Addresses of FLOTILLA_SENTINEL that can't be had, asked only while no daemon runs. */
  readonly taken: readonly { readonly address: string; readonly reason: string }[]
}

/** Of the host that the engine's containers run on, which is this one where the engine is local. */
export interface HostFacts {
  /** /proc/sys/vm/overcommit_memory */
  readonly overcommit: Known<string>
  /** /sys/kernel/mm/transparent_hugepage/enabled, the word in brackets. */
  readonly hugePages: Known<string>
  /** net.core.somaxconn as a node has it: each network namespace has its own. */
  readonly somaxconn: Known<number>
  readonly engineDisk: Known<Disk>
}

export interface Disk {
  readonly path: string
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface StateFacts {
  readonly directory: string
  /** Null when it can be written; otherwise why not. */
  readonly error: string | null
  readonly exists: boolean
  /** What others than the owner may read and should not, with its mode. */
  readonly exposed: readonly { readonly path: string; readonly mode: string }[]
  readonly disk: Known<Disk>
  readonly holder: {
    readonly pid: number
    readonly host: string
    readonly command: string
    readonly alive: boolean
  } | null
}

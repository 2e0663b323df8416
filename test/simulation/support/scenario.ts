import type { FlotillaSpec } from '../../../src/model/spec.js'

/** Everything that one run is made of, as data: it can be written down, replayed, and made smaller. */
export interface Scenario {
  /** What the draws of the run itself begin with: how long things take, which calls fail. */
  readonly seed: number
  readonly spec: SimSpec
  /** How much is written meanwhile. */
  readonly writers: readonly WriterSetting[]
  /** In the order in which they come. */
  readonly faults: readonly Fault[]
  /** How long after the last of them everything is healed that does not mend itself. */
  readonly healAfterMs: number
}

/** What of a manifest the simulation varies. */
export interface SimSpec {
  readonly replicas: number
  readonly persistence: 'aof' | 'rdb' | 'none'
  readonly image: string
  readonly minReplicas: number
  readonly mode: FlotillaSpec['failover']['mode']
  readonly hangTimeoutMs: number
  readonly restartWindowMs: number
  /** Whom is promoted first, as a manifest has it: `{ 1: 0 }`. */
  readonly priority?: string
  /** What new volumes are called; left out, as they usually are. */
  readonly volumeNames?: string
  readonly hibernate?: boolean
  /** One more field of the spec, as a manifest has it: `network: { external: [web] }`. */
  readonly more?: string
}

export interface WriterSetting {
  readonly everyMs: number
  /** WAIT for so many replicas; 0 for none. */
  readonly waitFor: number
}

export type Fault = {
  /** So long after the one before; the first after the flotilla was ready. */
  readonly afterMs: number
  /** And then with the so many-th change that Flotilla makes in the world; 0: at once. */
  readonly afterCalls: number
} & FaultBody

/** A node by its ordinal, or whoever is master at that moment. */
export type NodeRef = number | 'master'

export type FaultBody =
  | { readonly kind: 'kill'; readonly node: NodeRef }
  /** kill -9 of whoever is master, again and again. */
  | { readonly kind: 'kill-again'; readonly times: number; readonly everyMs: number }
  | { readonly kind: 'exit'; readonly node: NodeRef; readonly code: number }
  | { readonly kind: 'remove'; readonly node: NodeRef }
  /** docker pause. */
  | { readonly kind: 'pause'; readonly node: NodeRef; readonly forMs: number }
  /** SIGSTOP; 0: for ever, and nobody but Flotilla heals it. */
  | { readonly kind: 'freeze'; readonly node: NodeRef; readonly forMs: number }
  | { readonly kind: 'busy'; readonly node: NodeRef; readonly forMs: number }
  | { readonly kind: 'disconnect'; readonly node: NodeRef }
  /** What its master sends arrives so much later. */
  | { readonly kind: 'slow-link'; readonly node: NodeRef; readonly byMs: number; readonly forMs: number }
  | { readonly kind: 'slow-sync'; readonly syncMs: number; readonly forMs: number }
  | { readonly kind: 'slow-load'; readonly loadMs: number; readonly forMs: number }
  /** SIGKILL to Flotilla, which is started again. */
  | { readonly kind: 'crash-flotilla'; readonly downMs: number }
  | { readonly kind: 'restart-engine' }
  /** Everything ends at once, and what was not synced is gone. */
  | { readonly kind: 'power-cut'; readonly downMs: number }
  | {
      readonly kind: 'engine-trouble'
      readonly how: 'fail' | 'lose-reply' | 'stall'
      /** Of the calls, while it lasts. */
      readonly share: number
      readonly forMs: number
    }
  | {
      readonly kind: 'order-trouble'
      readonly how: 'lose-reply' | 'lose'
      readonly share: number
      readonly forMs: number
    }
  | { readonly kind: 'event-trouble'; readonly how: 'lose' | 'twice' | 'late'; readonly forMs: number }
  | { readonly kind: 'clock-jump'; readonly byMs: number }
  /** Somebody deletes all keys. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'edit'; readonly change: Partial<SimSpec> }
  /** REPLICAOF NO ONE by hand. */
  | { readonly kind: 'promote-by-hand'; readonly node: number }
  /** FAILOVER TO that node, by hand or by a tool: the master gives its role away, nothing is lost. */
  | { readonly kind: 'failover-by-hand'; readonly node: number }
  /** The state file as it was when this many faults had come. */
  | { readonly kind: 'restore-record'; readonly faultsAgo: number }
  | { readonly kind: 'start-by-hand'; readonly node: number }
  | { readonly kind: 'rename-by-hand'; readonly node: NodeRef; readonly to: string }
  /** Only of a node that has no container. */
  | { readonly kind: 'remove-volume'; readonly node: number }
  | { readonly kind: 'start-fails'; readonly node: number }
  /** docker rm -f that fails half way: the container stays, and can only be removed. */
  | { readonly kind: 'leave-dead'; readonly node: NodeRef }
  /**
   * It ends, and the engine keeps what it knows of that run: no start of this container succeeds any more.
   */
  | { readonly kind: 'leave-unusable'; readonly node: NodeRef }
  /** What the engine can't do for this one node, while it lasts: a mount, a full disk, an archive. */
  | {
      readonly kind: 'node-trouble'
      readonly node: NodeRef
      readonly what: 'create' | 'start' | 'set-aside'
      readonly forMs: number
    }
  | { readonly kind: 'forget' }
  /** What befalls the gateway, where there is one. `forMs` counts where it ends by itself. */
  | {
      readonly kind: 'gateway'
      readonly how: 'kill' | 'stop' | 'remove' | 'pause' | 'disconnect' | 'cut-admin' | 'edit-by-hand'
      readonly forMs: number
    }
  /** The manifest says that it is to be hibernated, for so long. */
  | { readonly kind: 'hibernate'; readonly forMs: number }
  | { readonly kind: 'ask-switchover'; readonly to: number | null }
  | { readonly kind: 'ask-failover'; readonly to: number | null }
  | { readonly kind: 'ask-restart'; readonly node: number | null }
  | { readonly kind: 'ask-pause'; readonly forMs: number }

export type FaultKind = FaultBody['kind']

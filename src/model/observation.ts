import type { VolumeLocation } from './volume-location.js'
import type { ContainerFacts, ImageFacts, NetworkFacts } from './engine.js'
import type { GatewayFacts, GatewayProbe } from './gateway.js'
import type { Probe, Upstream, ConfigValues } from './redis.js'

/** Everything that one pass saw of one flotilla, at one moment. Plain data: the planner's second input. */
export interface Observation {
  readonly flotilla: string
  readonly atMs: number
  /**
   * Our containers, by ordinal; of several with one ordinal the running or oldest one is here, the others in
   * `duplicates`.
   */
  readonly nodes: readonly ObservedNode[]
  readonly duplicates: readonly ContainerFacts[]
  /** Our throwaway containers: while nobody tries an image there should be none. */
  readonly leftovers: readonly { readonly containerId: string; readonly name: string }[]
  /** Containers that are not ours and hold a name that this flotilla needs. */
  readonly foreignContainers: readonly ForeignContainer[]
  /**
   * Containers that are not ours and are found by a name of ours on a network of ours: each look-up there may
   * lead to them.
   */
  readonly aliasConflicts?: readonly AliasConflict[]
  /**
   * Looked at only when something may have to be created, or nobody is known to be master; null when it was
   * not.
   */
  readonly resources: ObservedResources | null
  /**
   * Which image the spec's reference means, by id, as it was a minute ago at most; null while that is not
   * known. `resources` knows it better.
   */
  readonly taggedImageId: string | null
  /**
   * Every network of the engine; looked at only where the spec or a node speaks of others than the flotilla's
   * own by name. Null when it was not.
   */
  readonly networks: readonly NetworkFacts[] | null
  /** The Redis of somebody else that this flotilla follows, or is to follow; null when there is none. */
  readonly source: ObservedSource | null
  /** Absent where no gateway is asked for, and none is there. */
  readonly gateway?: ObservedGateway
  /** Hosts of the Sentinels that watch the nodes; as they were found some time ago. */
  readonly sentinels: readonly string[]
}

export interface ObservedSource {
  /** What it is called in messages: the container's name, or `host:port`. */
  readonly displayName: string
  /** Where the leader reaches it; null while it can't be said. */
  readonly upstream: Upstream | null
  /** The network on which that is; null when any will do. */
  readonly network: string | null
  /** Where Flotilla itself reaches it; null when it can't. */
  readonly address: {
    readonly host: string
    readonly port: number
    readonly containerId: string
    readonly startedAtMs: number | null
  } | null
  readonly probe: Probe | null
  /**
   * Writes that have been called there by names that it alone knows (`rename-command`); absent where that was
   * not asked.
   */
  readonly renamedWrites?: readonly string[]
  /** Why there is no upstream; null when there is one. */
  readonly problem: string | null
  /** What to do about the problem; absent where it is to be started. */
  readonly remedy?: string
}

export interface ObservedNode {
  readonly ordinal: number
  readonly container: ContainerFacts
  /** How to reach it now; null while it has no address on the flotilla's network. */
  readonly address: { readonly host: string; readonly port: number } | null
  /** Null when it is not running or has no address. */
  readonly probe: Probe | null
  /**
   * Since when this node gives no sign of life, on our clock; null while it does. Survives from pass to pass.
   */
  readonly unreachableSinceMs: number | null
  /** What it has in force, as it was last asked; null when that is not known. */
  readonly applied: ObservedSettings | null
  /** The last lines of a run that ended badly; empty otherwise. */
  readonly lastLogLines: readonly string[]
  /** As whom its server runs, as the engine's host counts users; null while that is not known. */
  readonly processUser: number | null
  /** What the kernel says of a running process that gives no sign of life; null when it can't be asked. */
  readonly process: ProcessState | null
}

/** The gateway of a flotilla, as far as it is there. */
export interface ObservedGateway {
  /** Its containers, the one that has its name first. More than one while it is replaced. */
  readonly containers: readonly ContainerFacts[]
  /** What that one said; null when it does not run or has no address. On the fast path, what it said last. */
  readonly probe: GatewayProbe | null
  /** Whom it led to when it last answered; absent where it never has. */
  readonly lastPointing?: Pick<GatewayFacts, 'master'>
  /** Since when it has not answered though it runs, on our clock; null while it does. */
  readonly silentSinceMs: number | null
  /** Its last lines where it ends again and again; empty otherwise. */
  readonly lastLogLines: readonly string[]
  /** Whether its image is on the engine; null where nobody looked. */
  readonly hasImage: boolean | null
}

export interface ObservedSettings {
  /** In the words of CONFIG GET; without secrets. */
  readonly options: ConfigValues
  readonly users: ObservedUsers
  /** Whether it logs in to its master with the flotilla's own password. */
  readonly hasReplicationPassword: boolean
}

/** One letter of /proc/<pid>/stat, in words. `gone`: no such process. */
export type ProcessState = 'running' | 'sleeping' | 'disk-wait' | 'stopped' | 'gone'

export interface ForeignContainer {
  readonly name: string
  readonly containerId: string
  readonly image: string
  /** It carries the labels of this flotilla, and no proof that this state directory made it. */
  readonly hasOurLabels?: boolean
}

export interface AliasConflict extends ForeignContainer {
  /** The name of ours that it answers to, as an alias or hostname of its own. */
  readonly dnsNames: string
  readonly network: string
}

export interface ObservedVolume {
  readonly ordinal: number
  readonly name: string
}

/** A volume of any flotilla whose driver was told where its data is. */
export interface LocatedVolume {
  readonly name: string
  readonly flotilla: string
  readonly ordinal: number
  readonly location: VolumeLocation
  /** The container of a node that has it; null where none has. */
  readonly user: { readonly name: string; readonly runs: boolean } | null
}

export interface ObservedResources {
  readonly network:
    | { readonly kind: 'absent' }
    | { readonly kind: 'ours'; readonly networkId: string }
    | { readonly kind: 'foreign'; readonly networkId: string; readonly hasOurLabels?: boolean }
  /** This flotilla's volumes that exist, one per node at most, whatever they are called. */
  readonly volumes: readonly ObservedVolume[]
  /** Volumes that exist under a name that a node may need, and are not that node's. */
  readonly foreignVolumes: readonly string[]
  /** Volumes of all flotillas that may be one place under several names. */
  readonly located: readonly LocatedVolume[]
  /** Null when the image is not on the engine. */
  readonly image: ImageFacts | null
}

/**
 * A node that was silent at the last look is asked for so long, ms: it is looked at often, and the time that
 * it is given is counted, not waited out here.
 */
export const silentProbeDeadlineMs = 150

/**
 * A process that has run this long and does not listen is not "starting" any more. Redis listens within 20 ms
 * of its start; a loaded host may need seconds.
 */
export const startGraceMs = 10_000

/**
 * Whether a process may still be about to listen. A start that lies further ahead than that was before the
 * clock was set back: it is an old one.
 */
export function isWithinStartGrace(startedAtMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - startedAtMs) < startGraceMs
}

/** What ACL LIST of a node says, as far as it may be told on. */
export interface ObservedUsers {
  /** A keyed digest over the lines of our users: the same as long as nobody changes what they may do. */
  readonly digest: string
  /**
   * Users of ours that are missing, on or off against our will, or let in by other passwords than they were
   * given.
   */
  readonly wrong: readonly string[]
  /** Users that nobody has asked us for. */
  readonly unknown: readonly string[]
}

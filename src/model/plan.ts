import type { PersistenceSettings, ResourcesSpec } from './spec.js'
import type { SourceSpec } from './spec.js'
import type { Operation, Request, SnapshotRequest } from './record.js'
import type { Upstream, ConfigValues, RedisOptions } from './redis.js'

/**
 * A plan is a decision written down: what to do, in which order and why; what it waits for; what it refuses,
 * and what to type then. It leaves the executor no choice.
 */
export interface Plan {
  readonly flotilla: string
  /**
   * In order; a stage starts when the one before has ended, and leaves out what needs an action that failed
   * (dependencies.ts). The actions of one stage are independent and run concurrently.
   */
  readonly stages: readonly Stage[]
  readonly waits: readonly Wait[]
  readonly refusals: readonly Refusal[]
  /** What has failed and would be done: now, in one of the stages, or when its pause is over (pacing.ts). */
  readonly failing: readonly FailingAction[]
}

export type Stage = readonly Action[]

/** One call to the world each, with its cause. `ordinal` names the node, `name` its container. */
export type Action = ActionBody & { readonly cause: string }

export type ActionBody =
  | { readonly kind: 'pull-image'; readonly image: string }
  /** Asks a throwaway container of the image what it is and what it makes of these options. */
  | { readonly kind: 'probe-image'; readonly image: string; readonly options: RedisOptions }
  /** Lets a throwaway container of the image load a snapshot of what this node holds. */
  | {
      readonly kind: 'probe-data'
      readonly image: string
      readonly ordinal: number
      /** The image that the master runs, by id: what was found is about data that it has written. */
      readonly from: string
    }
  /** A container of a trial that was cut short. By id: the name may be anybody's by then. */
  | { readonly kind: 'remove-leftover'; readonly containerId: string; readonly name: string }
  | { readonly kind: 'create-network'; readonly network: string; readonly subnet: string | null }
  | { readonly kind: 'create-volume'; readonly ordinal: number; readonly volume: string }
  | {
      readonly kind: 'create-container'
      readonly ordinal: number
      readonly name: string
      readonly volume: string
      /** By id, where the reference in the spec means another one by now; left out where it will do. */
      readonly image?: string
    }
  | { readonly kind: 'start-container'; readonly ordinal: number; readonly name: string }
  | { readonly kind: 'stop-container'; readonly ordinal: number; readonly name: string }
  | { readonly kind: 'remove-container'; readonly ordinal: number; readonly name: string }
  | {
      readonly kind: 'rename-container'
      readonly ordinal: number
      readonly name: string
      readonly to: string
    }
  | { readonly kind: 'reattach-network'; readonly ordinal: number; readonly name: string }
  /** Besides its own, with the same names; and off again. */
  | {
      readonly kind: 'connect-network' | 'disconnect-network'
      readonly ordinal: number
      readonly name: string
      readonly network: string
    }
  /** Writes down that the flotilla follows a Redis that is not ours, and by which node. */
  | {
      readonly kind: 'record-source'
      readonly from: SourceSpec
      readonly leader: number
      readonly network: string | null
    }
  /** The node follows the source, with the source's password. `called`: what the source is called. */
  | {
      readonly kind: 'follow-source'
      readonly ordinal: number
      readonly upstream: Upstream
      readonly displayName: string
    }
  | { readonly kind: 'pause-source'; readonly displayName: string; readonly forMs: number }
  /** Until the node has applied all that the source has, which must be pausing its writes. */
  | {
      readonly kind: 'catch-up-source'
      readonly ordinal: number
      readonly displayName: string
      readonly withinMs: number
    }
  /** The source takes no write from then on: it is made a replica of nobody, and keeps what it holds. The other takes that back. */
  | { readonly kind: 'fence-source' | 'unfence-source'; readonly displayName: string }
  | { readonly kind: 'resume-source' | 'disconnect-source-clients'; readonly displayName: string }
  /** The node will log in to other nodes with the flotilla's own replication password again. */
  | { readonly kind: 'restore-login'; readonly ordinal: number }
  | { readonly kind: 'begin-operation'; readonly operation: Operation }
  /** SIGKILL, and certainty that it does not run any more. */
  | { readonly kind: 'kill-container'; readonly ordinal: number; readonly name: string }
  | { readonly kind: 'pause-writes'; readonly ordinal: number; readonly forMs: number }
  /** Until the node has applied all that the master has, which must be pausing its writes. */
  | {
      readonly kind: 'catch-up'
      readonly ordinal: number
      readonly master: number
      readonly withinMs: number
    }
  | { readonly kind: 'resume-writes'; readonly ordinal: number }
  | { readonly kind: 'disconnect-clients'; readonly ordinal: number }
  /**
   * Moves what a stopped node's volume holds into a folder of its own, where the next synchronisation does not overwrite it. `unreadable`: the server ends over
   * it, so that a snapshot must not stay in its place either.
   */
  | {
      readonly kind: 'archive-data'
      readonly ordinal: number
      readonly volume: string
      readonly image?: string
      readonly folder: string
      readonly unreadable?: true
    }
  | {
      readonly kind: 'complete-request'
      readonly request: Request
      readonly result: 'done' | 'refused'
      readonly detail: string
      readonly divergent: readonly number[]
    }
  | { readonly kind: 'promote'; readonly ordinal: number }
  | {
      readonly kind: 'follow'
      readonly ordinal: number
      readonly master: number
      readonly reconnect: boolean
      /**
       * It is no copy: it gives up what it holds and copies everything. Which run that is, and how many
       * commands of its master it has refused.
       */
      readonly fullCopy?: { readonly runId: string; readonly errors: number }
      /** Said of every link (see encryptReplication); absent where TLS was never asked for. */
      readonly encrypted?: boolean
    }
  /** Gives it its certificate, made if it has none or the old one is due, and opens the encrypted port with it. */
  | { readonly kind: 'load-certificate'; readonly ordinal: number }
  /** Closing takes the clients away too that came by that port. */
  | {
      readonly kind: 'set-port'
      readonly ordinal: number
      readonly port: 'plain' | 'encrypted'
      readonly open: boolean
    }
  /** CONFIG SET of those of these options that the node does not have yet, and of what its version has beyond the common configuration. */
  | { readonly kind: 'apply-config'; readonly ordinal: number; readonly options: ConfigValues }
  /** Limits a container that is there already. */
  | {
      readonly kind: 'limit-container'
      readonly ordinal: number
      readonly name: string
      readonly limits: ResourcesSpec
    }
  /** Puts today's redis.conf into a container, for its next start. `persistence`: from then on it is known to keep its data so. */
  | {
      readonly kind: 'write-config'
      readonly ordinal: number
      readonly name: string
      readonly persistence?: PersistenceSettings
    }
  /** `on` begins to write an append-only file of all that is there. The old one stays when it is switched off. */
  | { readonly kind: 'set-append-only'; readonly ordinal: number; readonly on: boolean }
  /** Begins to write a snapshot. */
  | { readonly kind: 'save-snapshot'; readonly ordinal: number; readonly asked: SnapshotRequest }
  | {
      readonly kind: 'end-operation'
      readonly operation: Operation
      readonly result: 'done' | 'aborted'
      readonly offsetGapBytes: number | null
      readonly detail: string | null
      /** Keys that were there and are gone for good; 0 when none are known to be. */
      readonly lostKeys: number
    }
  /** Gives a running node today's users and passwords, and its files for the next start too. No connection is closed but those of users that are gone. */
  | { readonly kind: 'apply-users'; readonly ordinal: number; readonly name: string }
  /** The new passwords of these users are the current ones from now on; those before are accepted until the overlap ends. */
  | { readonly kind: 'activate-passwords'; readonly users: readonly string[] }
  /** Former passwords whose time is over, and users that no node has any more, are forgotten. */
  | {
      readonly kind: 'retire-passwords'
      readonly users: readonly string[]
      readonly departed: readonly string[]
    }
  | { readonly kind: 'remove-network'; readonly network: string }
  | { readonly kind: 'remove-volume'; readonly ordinal: number; readonly volume: string }

/**
 * An address at which nobody listens, on any host: who follows it keeps its data and takes no writes, and
 * asks no name server anything.
 */
export const noUpstream: Upstream = { host: '127.0.0.1', port: 1 }

export interface Wait {
  /** What must become true, as a sentence for people. */
  readonly what: string
  readonly ordinal: number | null
  /** When to look again at the latest, if nothing wakes us before. */
  readonly recheckInMs: number
}

export interface FailingAction {
  readonly action: Action
  readonly error: string
  readonly hint: string | null
  readonly code: string | null
  /** In a row. */
  readonly times: number
  readonly sinceMs: number
  readonly lastAtMs: number
  /** 0: it is tried in this plan. */
  readonly retryInMs: number
}

export interface Refusal {
  readonly code: RefusalCode
  /** What is not done and why. */
  readonly reason: string
  /** The exact command, or the change, that resolves it. */
  readonly remedy: string
}

/** Also the name of the condition that shows it, and of its section in docs/operations.md. */
export const refusalCodes = [
  'NameConflict',
  'NetworkConflict',
  'NetworkMissing',
  'VolumeShared',
  'DataLossGuard',
  'NoSafeCandidate',
  'UnexpectedMaster',
  'DuplicateNode',
  'RolloutBlocked',
  'FailoverBlocked',
  'CrashLooping',
  'ActionFailing',
  'ConfigRefused',
  'MemoryInUse',
  'TlsRefused',
  'BootstrapBlocked',
  'AuthFailure',
] as const

export type RefusalCode = (typeof refusalCodes)[number]

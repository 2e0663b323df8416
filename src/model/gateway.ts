import type { Secret } from '../secret.js'

/** A node as the gateway reaches it. */
export interface GatewayServer {
  /** Of the node; negative for a server that somebody has added to a running gateway by hand. */
  readonly ordinal: number
  /** An IP address: the gateway asks no DNS. */
  readonly host: string
  readonly port: number
}

/** Whom the gateway lets clients through to; complete, so that the same one twice changes nothing. */
export interface Pointing {
  /** Null: the master's port is closed. */
  readonly master: GatewayServer | null
  /** The servers of the replicas' port; none: it is closed. The master may be one of them. */
  readonly replicas: readonly GatewayServer[]
  /**
   * The master's `master_replid`: each promotion begins another. A gateway that restarts while no daemon runs
   * lets clients through only to nodes that still say so. Null while it is not known: then such a gateway
   * stays closed.
   */
  readonly lineage: string | null
}

export const closedGateway: Pointing = { master: null, replicas: [], lineage: null }

/** Where a gateway is administered, and how both sides prove who they are. */
export interface GatewayTarget {
  readonly flotilla: string
  readonly containerId: string
  /** Changes when the container's process is another one: a kept connection belongs to one run. */
  readonly startedAtMs: number | null
  /** Of its admin port, as Flotilla itself gets there. */
  readonly host: string
  readonly port: number
  readonly access: GatewayAccess
}

export interface GatewayAccess {
  /** PEM of who has signed the gateway's certificate. */
  readonly authorities: string
  /** The name that it must be good for. */
  readonly serverName: string
  /** Our own certificate, PEM, and its key: the gateway lets in nobody else. */
  readonly certificate: string
  readonly key: Secret
}

/** What one look at a gateway found. */
export type GatewayProbe =
  | { readonly kind: 'answered'; readonly facts: GatewayFacts }
  /** The kernel at the address says that nobody listens there, or it hung up. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nothing came back before the deadline. */
  | { readonly kind: 'silent'; readonly reason: string }
  /**
   * Somebody is there and it is no gateway that we can speak to: it can't prove who it is, does not believe
   * us, or answers with something else (no HAProxy, or one whose configuration was changed).
   */
  | { readonly kind: 'denied'; readonly cause: 'certificate' | 'other'; readonly reason: string }

export interface GatewayFacts {
  /** HAProxy's own: `2.6.12-1+deb12u3`. */
  readonly version: string
  /** Of the process. */
  readonly uptimeSeconds: number
  /** Which configuration it has loaded, as `renderGateway` was told. */
  readonly configDigest: string
  /**
   * Of its configuration as it was read at its start, whoever had written it; null where it does not say.
   */
  readonly configSum: string | null
  /**
   * Which files of those that it reads at its next start it has been given since: how it asks nodes then.
   * Null where it does not say.
   */
  readonly filesDigest: string | null
  /**
   * Whom each port lets clients through to now, by ordinal; what somebody has changed by hand shows here.
   * More than one server of the master's port is no state that we make.
   */
  readonly master: readonly GatewayServer[]
  readonly replicas: readonly GatewayServer[]
  /** What it would ask a node for after a restart without a daemon. */
  readonly lineage: string | null
  /** False when it could not write down whom it was pointed at: after such a restart it stays closed. */
  readonly isWrittenDown: boolean
  /**
   * Who pointed it last. `nobody`: closed since its start. `itself`: after a restart it has found the
   * recorded master again.
   */
  readonly pointedBy: 'nobody' | 'itself' | 'flotilla'
  readonly sessions: GatewaySessions
}

/** Connections of clients. */
export interface GatewaySessions {
  readonly master: number
  readonly replicas: number
  /** Since its start, over both ports. */
  readonly total: number
}

export type GatewayFileFacts = Pick<GatewayFacts, 'configSum' | 'filesDigest'>

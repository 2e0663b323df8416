import type { GatewayProbe, GatewayTarget, Pointing } from '../model/gateway.js'

/**
 * The gateway port: what a running HAProxy of ours lets clients through to, and the one order that changes
 * it. Its adapters (haproxy-client.ts, test/fakes/gateway/) pass the contract suite in
 * test/contract/gateway-contract.ts.
 *
 * Promises: every call ends by its deadline; `probe` never rejects; `point` rejects only with FlotillaError,
 * code `gateway/…`, and pointing it at whom it is pointed at already is success.
 */
export interface GatewayPort {
  /** One round trip over a kept connection, which is opened where there is none. */
  probe(target: GatewayTarget, options: { readonly deadlineMs: number }): Promise<GatewayProbe>

  /**
   * One write over the kept connection (1–4 ms): servers that leave take no new client, then those that come
   * get address and go into service, then sessions with those that left are closed. So a client sees one
   * closed connection, and what it connects to next is right.
   * `keepSessions`: those stay until the next pointing that does not say so; for a switchover, in which the
   * old master's writes are paused meanwhile.
   */
  point(target: GatewayTarget, pointing: Pointing, options: PointOptions): Promise<void>

  /** Called when a kept connection closes: the first sign that a gateway ended, about 1 ms after it. */
  onConnectionLost(listener: (target: GatewayTarget) => void): () => void
  /** Closes kept connections to gateways that are not in this list. */
  retain(containerIds: ReadonlySet<string>): void
  close(): void
}

export interface PointOptions {
  readonly deadlineMs: number
  readonly keepSessions?: boolean
  /** Ends the call with gateway/aborted; whether the gateway was pointed is unknown then. */
  readonly signal?: AbortSignal
}

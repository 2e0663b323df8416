import type Docker from 'dockerode'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DroppedEndpoint } from '../runtime.js'
import type { DockerEndpoint } from './endpoint.js'

/**
 * The one road to the engine. Whatever happens to the connection, before or after the headers, each call ends
 * by its deadline or its caller's signal, its socket is freed, and what it rejects with is a FlotillaError.
 */
export interface EngineClient {
  readonly endpoint: DockerEndpoint
  /** The whole answer, decoded. `decode` may throw: an answer of an unexpected shape is runtime/failed. */
  call<T>(request: EngineRequest, invoke: DockerCall, decode: (reply: EngineReply) => T): Promise<T>
  /**
   * The body as a stream: the deadline ends with the headers, the caller's signal and `close` go on to
   * destroy it.
   */
  open(request: EngineRequest, invoke: DockerCall): Promise<IncomingMessage>
  /** A raw stream in both directions (exec, attach). */
  upgrade(request: EngineRequest, invoke: DockerCall): Promise<Duplex>
  /** The API version in use; asks the engine when it is not known. */
  apiVersion(call?: { readonly signal?: AbortSignal }): Promise<string>
  /** Told of endpoints of containers that are gone, when a network has given them up. */
  readonly endpointListeners: Set<(dropped: DroppedEndpoint) => void>
  close(): void
}

/**
 * Calls one method of dockerode's, which says what is sent. What comes back is read by us: of an answer
 * dockerode drops the status, and of what was made all but the id.
 */
export type DockerCall = (docker: Docker) => Promise<unknown>

export interface EngineRequest {
  /** What is tried, for messages: `create container shop-master`. */
  readonly what: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Statuses that are answers rather than failures, besides 2xx and 304. */
  readonly accept?: readonly number[]
  /** Default json; bytes is for Docker's framed output. */
  readonly format?: 'json' | 'text' | 'bytes'
  readonly unversioned?: boolean
}

export interface EngineReply {
  readonly status: number
  /**
   * Parsed JSON, or null for an empty body; the text for `format: 'text'`, a Buffer for `bytes`, and Docker's
   * words for an accepted failure.
   */
  readonly body: unknown
}

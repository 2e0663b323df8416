import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DockerEndpoint } from './endpoint.js'

/**
 * The one road to the engine. Whatever happens to the connection, before or after the headers, each call ends by its
 * deadline or its caller's signal, its socket is freed, and what it rejects with is a FlotillaError.
 */
export interface EngineClient {
  readonly endpoint: DockerEndpoint
  /** The whole answer, decoded. `decode` may throw: an answer of an unexpected shape is runtime/failed. */
  call<T>(request: EngineRequest, decode: (reply: EngineReply) => T): Promise<T>
  /** The body as a stream: the deadline ends with the headers, the caller's signal and `close` go on to destroy it. */
  open(request: EngineRequest): Promise<IncomingMessage>
  /** A raw stream in both directions (exec, attach). */
  upgrade(request: EngineRequest): Promise<Duplex>
  /** The API version in use; asks the engine when it is not known. */
  apiVersion(call?: { readonly signal?: AbortSignal }): Promise<string>
  close(): void
}

export interface EngineRequest {
  /** What is tried, for messages: `create container shop-master`. */
  readonly what: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Without version and query; encode names with encodeURIComponent. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
  readonly archive?: Buffer
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
  /** Parsed JSON, or null for an empty body; the text for `format: 'text'`, a Buffer for `bytes`, and Docker's words for an accepted failure. */
  readonly body: unknown
}

import { Agent as HttpAgent, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import Modem from 'docker-modem'
import { FlotillaError } from '../../errors.js'
import type { DockerEndpoint } from './endpoint.js'
import { SshAgent } from './ssh-agent.js'

/** One HTTP exchange with an engine, without judgement: no deadline, no status codes, no JSON. Those are request.ts's. */
export interface Transport {
  /** Resolves when the headers are here. Rejects with whatever Node or ssh said. Aborting `signal` destroys the connection. */
  send(request: WireRequest): Promise<WireAnswer>
  /** Closes idle connections; those in use end with their requests. */
  close(): void
}

export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** With the API version, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: object | null
  /** A tar archive, for PUT. */
  readonly archive: Buffer | null
  readonly upgrade: boolean
  readonly signal: AbortSignal
}

export type WireAnswer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  /** The engine switched to a raw stream in both directions. */
  | { readonly kind: 'upgraded'; readonly socket: Duplex }

/** @param options.sshCommand the ssh program, for `ssh://` endpoints. */
export function createTransport(
  endpoint: DockerEndpoint,
  options: { readonly sshCommand?: string } = {},
): Transport {
  const sshCommand = options.sshCommand ?? 'ssh'
  // Reads never queue behind a stop that takes its time or a pull that takes minutes.
  const reads = createLane(endpoint, { maxSockets: readSocketsMax, sshCommand })
  const writes = createLane(endpoint, { maxSockets: writeSocketsMax, sshCommand })
  return {
    send: request => dial(isRead(request) ? reads.modem : writes.modem, request),
    close() {
      reads.agent.destroy()
      writes.agent.destroy()
    },
  }
}

/** An engine answers 16 requests no sooner over more connections (measured with starts on two cores). */
const readSocketsMax = 16
/** A guard against leaks, far above what a plan's bounded stages and the open streams need at once. */
const writeSocketsMax = 256

interface Lane {
  readonly modem: Modem
  readonly agent: HttpAgent
}

function createLane(
  endpoint: DockerEndpoint,
  options: { readonly maxSockets: number; readonly sshCommand: string },
): Lane {
  const agent = muteInspection(createAgent(endpoint, options))
  try {
    return { agent, modem: new Modem({ ...modemAddress(endpoint), agent }) }
  } catch (error) {
    // The modem reads DOCKER_HOST and DOCKER_CERT_PATH itself before our options replace what it found.
    throw new FlotillaError(
      'usage/invalid',
      `set up the connection to ${endpoint.address}: ${String(error)}`,
      {
        hint: 'check DOCKER_HOST and DOCKER_CERT_PATH in the environment',
        cause: error,
      },
    )
  }
}

/** Every key that the modem would otherwise take from the environment is given, if only as undefined. */
function modemAddress({ target }: DockerEndpoint): ConstructorParameters<typeof Modem>[0] {
  const nothing = { socketPath: undefined, host: undefined, port: undefined, username: undefined }
  const noTls = { ca: undefined, cert: undefined, key: undefined, timeout: undefined, sshOptions: undefined }
  switch (target.kind) {
    case 'socket':
      return { ...nothing, ...noTls, protocol: 'http', socketPath: target.path }
    case 'tcp':
      return {
        ...nothing,
        ...noTls,
        protocol: target.tls === null ? 'http' : 'https',
        host: target.host,
        port: target.port,
      }
    case 'ssh':
      // The agent makes the connection; this name only fills the Host header.
      return { ...nothing, ...noTls, protocol: 'http', host: 'docker', port: 80 }
  }
}

function createAgent(
  { target }: DockerEndpoint,
  { maxSockets, sshCommand }: { readonly maxSockets: number; readonly sshCommand: string },
): HttpAgent {
  // scheduling fifo would spread calls over all idle sockets and keep them all open; the default, lifo, lets the surplus go.
  const pool = { keepAlive: true, maxSockets, maxFreeSockets: 4 }
  if (target.kind === 'ssh') return new SshAgent(target, { maxSockets, command: sshCommand })
  if (target.kind === 'socket' || target.tls === null) return new HttpAgent(pool)
  const { ca, cert, key, verify } = target.tls
  return new HttpsAgent({
    ...pool,
    rejectUnauthorized: verify,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key: key.reveal() }),
  })
}

/**
 * The modem renders all options with util.inspect, without limit of depth, at every request, whether or not its debug log is on.
 * With an agent that holds sockets this doubled the CPU time of a list call (0.74 ms against 0.38 ms), and
 * DEBUG=modem would print the client key.
 */
function muteInspection(agent: HttpAgent): HttpAgent {
  return Object.assign(agent, { [inspect.custom]: () => '[agent]' })
}

function isRead({ method }: WireRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

function dial(modem: Modem, request: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    modem.dial(
      {
        // The modem appends the query to a path that ends in `?`.
        path: Object.keys(request.query).length === 0 ? request.path : `${request.path}?`,
        method: request.method,
        // `_body` apart from `_query`: anything else would end up in the URL. The modem sends no body for `{}`.
        options: { _query: request.query, _body: request.body ?? {} },
        isStream: true,
        hijack: request.upgrade,
        statusCodes: anyStatus,
        abortSignal: request.signal,
        ...(request.archive === null ? {} : { file: request.archive }),
      },
      (error, result) => {
        if (error !== null) reject(error)
        else if (result instanceof IncomingMessage) resolve({ kind: 'response', response: result })
        else resolve({ kind: 'upgraded', socket: result as Duplex })
      },
    )
  })
}

/** The modem reads the body of an unexpected status by itself, and waits for it without end: so no status is unexpected. */
const anyStatus: Record<number, true> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
)

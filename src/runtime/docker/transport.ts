import { Agent as HttpAgent, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import Docker from 'dockerode'
import { FlotillaError } from '../../errors.js'
import { isRead, type ModemRequest } from './intercepted-docker.js'
import type { DockerEndpoint } from './endpoint.js'
import { SshAgent } from './ssh-agent.js'

/**
 * One HTTP exchange with an engine, without judgement: no deadline, no status codes, no JSON. Those are
 * request.ts's.
 */
export interface Transport {
  /**
   * Resolves when the headers are here. Rejects with whatever Node or ssh said. Aborting `signal` destroys
   * the connection.
   */
  send(
    modemRequest: ModemRequest,
    requestOptions: { readonly apiVersion: string | null; readonly signal: AbortSignal },
  ): Promise<WireAnswer>
  /** Closes idle connections; those in use end with their requests. */
  close(): void
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
    send: (modemRequest, requestOptions) =>
      dial(isRead(modemRequest) ? reads.modem : writes.modem, modemRequest, requestOptions),
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

/** docker-modem, as dockerode makes it. */
interface Modem {
  dial(options: object, callback: (error: Error | null, result: unknown) => void): void
}

function createLane(
  endpoint: DockerEndpoint,
  limits: { readonly maxSockets: number; readonly sshCommand: string },
): Lane {
  const agent = muteInspection(createAgent(endpoint, limits))
  try {
    const options = { ...addressOf(endpoint), agent }
    return { agent, modem: new Docker(options).modem }
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
function addressOf({ target }: DockerEndpoint): Docker.DockerOptions {
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
  // scheduling fifo would spread calls over all idle sockets and keep them all open; the default, lifo, lets
  // the excess go.
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
 * The modem renders all options with util.inspect, without limit of depth, at every request, whether or not
 * its debug log is on. With an agent that holds sockets this doubled the CPU time of a list call (0.74 ms
 * against 0.38 ms), and DEBUG=modem would print the client key.
 */
function muteInspection(agent: HttpAgent): HttpAgent {
  return Object.assign(agent, { [inspect.custom]: () => '[agent]' })
}

function dial(
  modem: Modem,
  modemRequest: ModemRequest,
  { apiVersion, signal }: Parameters<Transport['send']>[1],
): Promise<WireAnswer> {
  const prefix = apiVersion === null ? '' : `/v${apiVersion}`
  const request = {
    ...modemRequest,
    path: prefix + modemRequest.path,
    // Headers and a raw stream, whatever the status: the modem reads bodies by itself otherwise, and waits
    // for them without end.
    isStream: true,
    statusCodes: anyStatus,
    abortSignal: signal,
  }
  return new Promise((resolve, reject) => {
    modem.dial(request, (error, result) => {
      if (error !== null) reject(error)
      else if (result instanceof IncomingMessage) resolve({ kind: 'response', response: result })
      else resolve({ kind: 'upgraded', socket: result as Duplex })
    })
  })
}

const anyStatus: Record<number, true> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
)

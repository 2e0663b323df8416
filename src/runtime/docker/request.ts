import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { DockerEndpoint } from './endpoint.js'
import { chooseApiVersion } from './api-version.js'
import { InterceptedDocker, isRead, type ModemRequest } from './intercepted-docker.js'
import type { DockerCall, EngineClient, EngineReply, EngineRequest } from './engine-client.js'
import { errnoOf, explainTransport } from './engine-errors.js'
import { decodeSafely, isSuccess, readReply, throwAnswer, unexpectedUpgrade } from './reply.js'
import type { CallScope } from './scope.js'
import { openCallScope } from './scope.js'
import type { Transport, WireAnswer } from './transport.js'

/** Makes the client; nothing is sent before the first call. */
export function createEngineClient(options: {
  readonly endpoint: DockerEndpoint
  readonly transport: Transport
  readonly clock: Clock
}): EngineClient {
  const { endpoint, transport, clock } = options
  const closing = new AbortController()
  const version = shared(() =>
    client.call(
      versionRequest,
      docker => docker.version(),
      ({ body }) => versionFor(endpoint, body),
    ),
  )

  const client: EngineClient = {
    endpoint,
    call: (request, invoke, decode) => attempt(request, invoke, decodedBy(decode)),
    open: (request, invoke) => attempt(request, invoke, openAnswer),
    upgrade: (request, invoke) => attempt(request, invoke, openSocket),
    apiVersion: call =>
      guarded({ what: 'ask for the API version', timeoutMs: versionTimeoutMs, signal: call?.signal }, s =>
        s.race(version.get()),
      ),
    endpointListeners: new Set(),
    close() {
      closing.abort()
      transport.close()
    },
  }
  return client

  /** Asks, with one more try where that is harmless, and has `use` make something of the answer. */
  function attempt<T>(request: EngineRequest, invoke: DockerCall, use: Use<T>): Promise<T> {
    return guarded(request, async (scope, sent) => {
      for (let attempts = 1; ; attempts++) {
        const apiVersion = request.unversioned === true ? null : await scope.race(version.get())
        try {
          return await scope.race(
            exchange(invoke, async modemRequest => {
              sent.isRead = isRead(modemRequest)
              const wire = transport.send(modemRequest, { apiVersion, signal: scope.signal })
              return use(request, await scope.race(wire, destroyAnswer), scope)
            }),
          )
        } catch (error) {
          if (scope.signal.aborted || attempts > 1) throw error
          if (isVersionRefused(error)) version.forget()
          else if (!(sent.isRead && isStaleSocket(error))) throw error
        }
      }
    })
  }

  /**
   * Runs `act` under the deadline, the caller's signal and `close`, and turns what it throws into a
   * FlotillaError.
   */
  async function guarded<T>(
    request: Pick<EngineRequest, 'what' | 'timeoutMs' | 'signal'>,
    act: (scope: CallScope, sent: { isRead: boolean }) => Promise<T>,
  ): Promise<T> {
    const scope = openCallScope({ ...request, clock, closing: closing.signal, address: endpoint.address })
    const sent = { isRead: true }
    try {
      return await act(scope, sent)
    } catch (error) {
      // Frees the socket of an answer that will not be read to its end.
      const reason: unknown = scope.signal.aborted ? scope.signal.reason : error
      scope.abort(reason)
      if (reason instanceof FlotillaError) throw reason
      version.forget()
      throw explainTransport({ what: request.what, error: reason, endpoint, mayBeDone: !sent.isRead })
    } finally {
      scope.end()
    }
  }
}

/**
 * One question for all who ask at the same time. Asked again after any failure: the engine may have been
 * replaced meanwhile.
 */
function shared<T>(ask: () => Promise<T>): { readonly get: () => Promise<T>; readonly forget: () => void } {
  let answer: Promise<T> | null = null
  const forget = (): void => {
    answer = null
  }
  const get = (): Promise<T> => {
    answer ??= ask().catch((error: unknown) => {
      forget()
      throw error
    })
    return answer
  }
  return { get, forget }
}

const versionTimeoutMs = 10_000

const versionRequest = {
  what: 'ask the engine who it is',
  unversioned: true,
  timeoutMs: versionTimeoutMs,
} as const

function versionFor({ address }: DockerEndpoint, body: unknown): string {
  const facts = body as { Version?: string; ApiVersion?: string; MinAPIVersion?: string }
  return chooseApiVersion({
    version: facts.Version ?? 'unknown',
    apiVersion: facts.ApiVersion ?? '',
    minApiVersion: facts.MinAPIVersion ?? null,
    address,
  })
}

async function openAnswer(
  request: EngineRequest,
  answer: WireAnswer,
  scope: CallScope,
): Promise<IncomingMessage> {
  if (answer.kind === 'upgraded') throw unexpectedUpgrade(request, answer.socket)
  if (!isSuccess(request, answer.response)) await throwAnswer(request, answer.response)
  scope.outlive(answer.response)
  return answer.response
}

async function openSocket(request: EngineRequest, answer: WireAnswer, scope: CallScope): Promise<Duplex> {
  if (answer.kind === 'response') return throwAnswer(request, answer.response)
  scope.outlive(answer.socket)
  return answer.socket
}

/** Makes something of the answer to a request. */
type Use<T> = (request: EngineRequest, answer: WireAnswer, scope: CallScope) => Promise<T>

function decodedBy<T>(decode: (reply: EngineReply) => T): Use<T> {
  return async (request, answer, scope) =>
    decodeSafely({ request, reply: await readReply(request, answer, scope), decode })
}

/**
 * Has dockerode say what to send; resolves with what became of that, and rejects with whatever went wrong in
 * either.
 */
function exchange<T>(invoke: DockerCall, send: (modemRequest: ModemRequest) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const docker = new InterceptedDocker(async modemRequest => {
      const result = await send(modemRequest)
      resolve(result)
      return result
    })
    invoke(docker).catch(reject)
  })
}

function destroyAnswer(answer: WireAnswer): void {
  const stream = answer.kind === 'upgraded' ? answer.socket : answer.response
  stream.on('error', () => {})
  stream.destroy()
}

/**
 * A kept connection that the engine closed just as we wrote to it: nothing was answered, and asking again is
 * harmless.
 */
function isStaleSocket(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

/**
 * `client version 1.50 is too new …`: the engine was replaced since it was asked. It has done nothing, so ask
 * again and repeat.
 */
function isVersionRefused(error: unknown): boolean {
  return error instanceof FlotillaError && /client version \S+ is too (new|old)/.test(error.message)
}

import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { DockerEndpoint } from './endpoint.js'
import { chooseApiVersion } from './api-version.js'
import type { EngineClient, EngineRequest } from './engine-client.js'
import { errnoOf, explainTransport } from './engine-errors.js'
import { decodeSafely, isSuccess, readReply, throwAnswer, unexpectedUpgrade } from './reply.js'
import type { Scope } from './scope.js'
import { openScope } from './scope.js'
import type { Transport, WireAnswer } from './transport.js'

/** Makes the client; nothing is sent before the first call. */
export function createEngineClient(options: {
  readonly endpoint: DockerEndpoint
  readonly transport: Transport
  readonly clock: Clock
}): EngineClient {
  const { endpoint, transport, clock } = options
  const closing = new AbortController()
  let version: Promise<string> | null = null

  const client: EngineClient = {
    endpoint,
    call: (request, decode) =>
      attempt(request, async (answer, scope) => {
        const reply = await readReply(request, answer, scope)
        return decodeSafely({ request, reply, decode })
      }),
    open: request =>
      attempt(request, async (answer, scope) => {
        if (answer.kind === 'upgraded') throw unexpectedUpgrade(request, answer.socket)
        if (!isSuccess(request, answer.response)) await throwAnswer(request, answer.response)
        scope.outlive(answer.response)
        return answer.response
      }),
    upgrade: request =>
      attempt(
        request,
        async (answer, scope) => {
          if (answer.kind === 'response') return throwAnswer(request, answer.response)
          scope.outlive(answer.socket)
          return answer.socket
        },
        { upgrade: true },
      ),
    apiVersion: call =>
      guarded({ what: 'ask for the API version', timeoutMs: versionTimeoutMs, signal: call?.signal }, s =>
        s.race(negotiated()),
      ),
    close() {
      closing.abort()
      transport.close()
    },
  }
  return client

  /** Sends, with one more try where that is harmless, and has `use` make something of the answer. */
  function attempt<T>(
    request: EngineRequest,
    use: (answer: WireAnswer, scope: Scope) => Promise<T>,
    { upgrade = false } = {},
  ): Promise<T> {
    return guarded(request, async scope => {
      for (let attempts = 1; ; attempts++) {
        const prefix = request.unversioned === true ? '' : `/v${await scope.race(negotiated())}`
        try {
          const answer = await scope.race(
            transport.send({
              method: request.method,
              path: prefix + request.path,
              query: request.query ?? {},
              body: request.body ?? null,
              archive: request.archive ?? null,
              upgrade,
              signal: scope.signal,
            }),
            destroyAnswer,
          )
          return await scope.race(use(answer, scope))
        } catch (error) {
          if (scope.signal.aborted || attempts > 1) throw error
          if (isVersionRefused(error)) version = null
          else if (!(isRead(request.method) && isStaleSocket(error))) throw error
        }
      }
    })
  }

  /** Runs `act` under the deadline, the caller's signal and `close`, and turns what it throws into a FlotillaError. */
  async function guarded<T>(
    request: Pick<EngineRequest, 'what' | 'timeoutMs' | 'signal'> & { readonly method?: string },
    act: (scope: Scope) => Promise<T>,
  ): Promise<T> {
    const scope = openScope({ ...request, clock, closing: closing.signal, address: endpoint.address })
    try {
      return await act(scope)
    } catch (error) {
      // Frees the socket of an answer that will not be read to its end.
      const reason: unknown = scope.signal.aborted ? scope.signal.reason : error
      scope.abort(reason)
      if (reason instanceof FlotillaError) throw reason
      version = null
      const mayBeDone = request.method !== undefined && !isRead(request.method)
      throw explainTransport({ what: request.what, error: reason, endpoint, mayBeDone })
    } finally {
      scope.end()
    }
  }

  /** One question for all who ask at the same time. Asked again after any failure: the engine may have been replaced meanwhile. */
  function negotiated(): Promise<string> {
    version ??= askVersion().catch((error: unknown) => {
      version = null
      throw error
    })
    return version
  }

  function askVersion(): Promise<string> {
    return client.call(
      {
        what: 'ask the engine who it is',
        method: 'GET',
        path: '/version',
        unversioned: true,
        timeoutMs: versionTimeoutMs,
      },
      ({ body }) => {
        const facts = body as { Version?: string; ApiVersion?: string; MinAPIVersion?: string }
        return chooseApiVersion({
          version: facts.Version ?? 'unknown',
          apiVersion: facts.ApiVersion ?? '',
          minApiVersion: facts.MinAPIVersion ?? null,
          address: endpoint.address,
        })
      },
    )
  }
}

const versionTimeoutMs = 10_000

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function destroyAnswer(answer: WireAnswer): void {
  const stream = answer.kind === 'upgraded' ? answer.socket : answer.response
  stream.on('error', () => {})
  stream.destroy()
}

/** A kept connection that the engine closed just as we wrote to it: nothing was answered, and asking again is harmless. */
function isStaleSocket(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

/** `client version 1.50 is too new …`: the engine was replaced since it was asked. It has done nothing, so ask anew and repeat. */
function isVersionRefused(error: unknown): boolean {
  return error instanceof FlotillaError && /client version \S+ is too (new|old)/.test(error.message)
}

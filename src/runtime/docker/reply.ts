import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { FlotillaError } from '../../errors.js'
import { readBody } from './body.js'
import { explainAnswer } from './engine-errors.js'
import type { EngineReply, EngineRequest } from './engine-client.js'
import type { CallScope } from './scope.js'
import type { WireAnswer } from './transport.js'
import { explainWebPage } from './web-page.js'

/**
 * Docker answers 304 when a container is already started or stopped. That is what was wanted, so it is
 * success.
 */
export function isSuccess(request: EngineRequest, response: IncomingMessage): boolean {
  const status = response.statusCode ?? 0
  return (status >= 200 && status < 300) || status === 304 || request.accept?.includes(status) === true
}

export async function readReply(
  request: EngineRequest,
  answer: WireAnswer,
  scope: CallScope,
): Promise<EngineReply> {
  if (answer.kind === 'upgraded') throw unexpectedUpgrade(request, answer.socket)
  const { response } = answer
  if (!isSuccess(request, response)) return throwAnswer(request, response)
  const status = response.statusCode ?? 0
  const bytes = await scope.race(readBody(response, request.what))
  if (status < 400 && request.format === 'bytes') return { status, body: bytes }
  const text = bytes.toString('utf8')
  const page = explainWebPage(request.what, response, text)
  if (page !== null) throw page
  if (status >= 400) return { status, body: errorMessageOf(text) }
  if (request.format === 'text') return { status, body: text }
  if (text.trim() === '') return { status, body: null }
  try {
    return { status, body: JSON.parse(text) as unknown }
  } catch (error) {
    throw new FlotillaError(
      'runtime/failed',
      `${request.what}: the engine's answer is not JSON: ${JSON.stringify(text.slice(0, 200))}`,
      { hint: 'is there a proxy in between? Check DOCKER_HOST', cause: error },
    )
  }
}

export async function throwAnswer(request: EngineRequest, response: IncomingMessage): Promise<never> {
  const text = (await readBody(response, request.what)).toString('utf8')
  const page = explainWebPage(request.what, response, text)
  throw (
    page ??
    explainAnswer({ what: request.what, status: response.statusCode ?? 0, message: errorMessageOf(text) })
  )
}

/** Docker says `{"message": …}`; some proxies and very old routes say it in plain text. */
function errorMessageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Plain text then.
  }
  // One line, which a table can show.
  return text.slice(0, 2_000).replaceAll(/\s+/g, ' ')
}

export function decodeSafely<T>(given: {
  readonly request: EngineRequest
  readonly reply: EngineReply
  readonly decode: (reply: EngineReply) => T
}): T {
  try {
    return given.decode(given.reply)
  } catch (error) {
    if (error instanceof FlotillaError) throw error
    const shown = JSON.stringify(given.reply.body).slice(0, 200)
    throw new FlotillaError(
      'runtime/failed',
      `${given.request.what}: the engine's answer has an unexpected shape: ${shown}`,
      { cause: error },
    )
  }
}

export function unexpectedUpgrade(request: EngineRequest, socket: Duplex): FlotillaError {
  socket.destroy()
  return new FlotillaError('runtime/failed', `${request.what}: the engine switched protocols unasked`)
}

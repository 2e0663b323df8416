import { AwsV4Signer } from 'aws4fetch'
import { createHash } from 'node:crypto'
import { Agent as HttpAgent, request as requestPlain, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestEncrypted } from 'node:https'
import type { Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { explainDistrust, explainNetworkError, firstErrorCode } from '../network-errors.js'
import { explainRefusal } from './s3-errors.js'
import type { S3Credentials } from './s3-credentials.js'
import type { S3Place } from './s3-place.js'
import { readText } from './s3-xml.js'

export interface S3Options {
  readonly place: S3Place
  /** Asked for at each request, so that keys can be changed while we run. */
  readonly credentials: () => Promise<S3Credentials>
  readonly clock: Clock
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** How long nothing may move; left out: 30 s. */
  readonly silenceMs?: number
}

export interface S3Request {
  /** For messages: `write shop/x.json`. */
  readonly what: string
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** Of the object, below the bucket; empty: the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Codes of S3 that are answers. */
  readonly accept?: readonly string[]
}

export interface S3Reply {
  readonly status: number
  /** `NoSuchKey` and the like; null for success. */
  readonly code: string | null
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

const defaultSilenceMs = 30_000
const attemptsMax = 5
const firstPauseMs = 250

/**
 * Requests to one bucket, signed (AWS Signature Version 4), as often as it takes: what may pass (a broken
 * connection, a server that is busy) is tried again with pauses of 0.25 to 4 s. Paths begin with the bucket:
 * every server of S3 takes that.
 */
export class S3Client {
  readonly place: S3Place
  readonly #options: S3Options
  readonly #agent: HttpAgent
  readonly #encrypted: boolean

  constructor(options: S3Options) {
    this.#options = options
    this.place = options.place
    this.#encrypted = options.place.endpoint.startsWith('https:')
    const pool = { keepAlive: true, maxSockets: 4 }
    this.#agent = this.#encrypted ? new HttpsAgent(pool) : new HttpAgent(pool)
  }

  /** The whole answer. @throws FlotillaError backup/… for one that is not accepted. */
  async send(request: S3Request): Promise<S3Reply> {
    return this.#persistently(request, async () => {
      const response = await this.#exchange(request)
      return this.#judged(request, response)
    })
  }

  /** The answer as it comes in. One that breaks off is the reader's to go on with. */
  async open(request: S3Request): Promise<IncomingMessage> {
    return this.#persistently(request, async () => {
      const response = await this.#exchange(request)
      if ((response.statusCode ?? 0) < 300) return response
      await this.#judged(request, response)
      throw new Error('a refusal is thrown')
    })
  }

  /** @returns the pause before the next try; null when there is none. */
  pauseAfter(failures: number): number | null {
    if (failures >= attemptsMax) return null
    return firstPauseMs * 2 ** (failures - 1) * (0.5 + this.#options.random())
  }

  sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#options.clock.sleep(ms, signal)
  }

  /** What went wrong below HTTP. */
  explainBroken(what: string, error: unknown): FlotillaError {
    if (error instanceof FlotillaError) return error
    const code = firstErrorCode(error)
    const said = code === null && error instanceof Error ? error.message : null
    const reason = said ?? explainDistrust(code) ?? explainNetworkError(code).reason
    return new FlotillaError('backup/unreachable', `${what}: ${this.place.endpoint}: ${reason}`)
  }

  async #persistently<T>(request: S3Request, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        if (request.signal?.aborted === true)
          throw new FlotillaError('backup/aborted', `${request.what}: ended on request`)
        const pauseMs = error instanceof FlotillaError ? null : this.pauseAfter(failures)
        if (pauseMs === null)
          throw error instanceof Unavailable ? error.lasting : this.explainBroken(request.what, error)
        await this.sleep(pauseMs, request.signal)
      }
    }
  }

  async #judged(request: S3Request, response: IncomingMessage): Promise<S3Reply> {
    const text = await textOf(response)
    const { statusCode: status = 0, headers } = response
    // Completing an upload may fail after it has said 200.
    const code = text.includes('<Error>') || status >= 300 ? (readText(text, 'Code') ?? String(status)) : null
    if (code === null || request.accept?.includes(code) === true) return { status, code, headers, text }
    const { accessKeyId } = await this.#options.credentials()
    const refusal = explainRefusal({
      ...{ what: request.what, place: this.place, accessKeyId, status, code },
      message: readText(text, 'Message') ?? '',
      clocks: { oursMs: this.#options.clock.nowMs(), theirsMs: Date.parse(headers.date ?? '') },
    })
    throw refusal.passes ? new Unavailable(refusal.error) : refusal.error
  }

  async #exchange(request: S3Request): Promise<IncomingMessage> {
    const { method, key, query = {}, headers = {}, body, signal } = request
    const { endpoint, bucket, region } = this.place
    const url = new URL(`${endpoint}/${bucket}${key === '' ? '' : `/${key}`}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const credentials = await this.#options.credentials()
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: {
        ...headers,
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      ...(credentials.sessionToken === null ? {} : { sessionToken: credentials.sessionToken.reveal() }),
      service: 's3',
      region,
      datetime: new Date(this.#options.clock.nowMs()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
    })
    const signed = await signer.sign()
    return this.#transmit(new URL(signed.url), {
      method,
      headers: { ...Object.fromEntries(signed.headers), 'content-length': String(body?.length ?? 0) },
      body,
      signal,
    })
  }

  #transmit(
    url: URL,
    {
      body,
      ...options
    }: {
      readonly method: string
      readonly headers: Record<string, string>
      readonly body: Uint8Array | undefined
      readonly signal: AbortSignal | undefined
    },
  ): Promise<IncomingMessage> {
    const { silenceMs = defaultSilenceMs } = this.#options
    return new Promise((resolve, reject) => {
      const request = (this.#encrypted ? requestEncrypted : requestPlain)(url, {
        method: options.method,
        headers: options.headers,
        agent: this.#agent,
        timeout: silenceMs,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })
      const silence = (): Error => new Error(`nothing moved for ${silenceMs / 1_000} s`)
      request.once('timeout', () => request.destroy(silence()))
      request.once('error', reject)
      request.once('response', response => {
        // From now on it is the reader who is told.
        request.on('timeout', () => response.destroy(silence()))
        resolve(response)
      })
      request.end(body)
    })
  }
}

/** Of a kind that passes; `lasting` is what to say when it doesn't. */
class Unavailable extends Error {
  readonly lasting: FlotillaError

  constructor(lasting: FlotillaError) {
    super(lasting.message)
    this.lasting = lasting
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of response) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces).toString('utf8')
}

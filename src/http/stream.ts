import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { EventRecord } from '../events/journal/record.js'
import type { ControlApi } from './control-api.js'
import { Problem } from './problem.js'
import { isStale } from './lookup.js'
import { daemonOf, flotillaOf } from './routes/flotillas.js'
import { safeHeaders } from './safe-headers.js'
import { Semaphore } from '../semaphore.js'

/** More pages and scripts than this don't look at one daemon; each holds a connection for good. */
export const streamsMax = 64
/** A client that reads nothing is dropped; it comes back with Last-Event-ID and misses no event. */
const unreadBytesMax = 256 * 1024
/** Proxies close what is silent for a minute; a comment is no event. */
const heartbeatMs = 15_000
/** What changes in the same moment is told once. */
const batchMs = 50

/** A client that has not taken what it was sent for so long is dropped. */
const drainTimeoutMs = 10_000
/** So many pieces of the journal are read at once: reading must not keep the daemon from its work. */
const readsMax = 2

interface Client {
  readonly raw: ServerResponse
  /**
   * False while it is told what it has missed: what happens meanwhile is in the journal, where that is read
   * from.
   */
  isLive: boolean
}

/**
 * Server-sent events: what the journal records, with its id, as messages; and after every look how a flotilla
 * is, as events called `flotilla` (`gone` when it is no more), which have no id because only the last one
 * counts. At the beginning, and when it has changed, how the daemon itself is, as `daemon`.
 */
export class EventStreams {
  readonly #api: ControlApi
  readonly #clients = new Set<Client>()
  readonly #changed = new Set<string>()
  readonly #stops: (() => void)[] = []
  readonly #reads = new Semaphore(readsMax)
  #newestId = 0
  #gathering: NodeJS.Timeout | null = null
  /** How the daemon was when all clients were last told. */
  #toldOfDaemon = ''

  constructor(api: ControlApi) {
    this.#api = api
    this.#stops.push(
      api.onRecord(record => {
        this.#newestId = record.id
        this.#sendAll(renderMessage(record))
        this.#note(record.flotilla)
      }),
      api.onPass(flotilla => this.#note(flotilla)),
    )
    const beat = setInterval(() => this.#sendAll(': still here\n\n'), heartbeatMs).unref()
    this.#stops.push(() => clearInterval(beat))
  }

  /**
   * Tells this client everything from now on; first, where it names the last event that it had, what it has
   * missed.
   * @throws Problem 503 when there are too many.
   */
  async open(reply: FastifyReply, afterId: number | null): Promise<void> {
    if (this.#clients.size >= streamsMax)
      throw new Problem(503, 'http/too-many-streams', `${streamsMax} clients follow the events already`, {
        headers: { 'retry-after': '10' },
      })
    const { raw } = reply
    const client: Client = { raw, isLive: false }
    this.#clients.add(client)
    raw.on('close', () => this.#clients.delete(client))
    raw.on('error', () => raw.destroy())
    reply.hijack()
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      ...safeHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    })
    raw.write('retry: 1000\n\n')
    raw.write(this.#renderDaemon())
    if (afterId === null) return this.#goLive(client)
    try {
      await this.#catchUp(client, afterId)
    } catch {
      // It comes back with the last id that it got, and finds a journal that can be read, or is dropped
      // again.
      raw.destroy()
    }
  }

  #goLive(client: Client): void {
    client.isLive = true
    for (const name of this.#api.names()) client.raw.write(this.#renderFlotilla(name))
  }

  /**
   * Tells what the journal has after this event, as fast as the client takes it and no faster, and then what
   * happens. What is recorded meanwhile is in the journal too, unless that can't be written: then there is
   * nothing more to read.
   * @throws where the journal can't be read, and when the client is gone or takes nothing.
   */
  async #catchUp(client: Client, afterId: number): Promise<void> {
    const { raw } = client
    for (let sentId = afterId; ;) {
      const before = sentId
      const chunks = this.#api.eventsAfter(sentId)[Symbol.asyncIterator]()
      for (;;) {
        const chunk = await this.#reads.run(() => chunks.next())
        if (chunk.done === true) break
        const hasRoom = raw.write(chunk.value.map(renderMessage).join(''))
        sentId = chunk.value.at(-1)?.id ?? sentId
        if (!hasRoom) await once(raw, 'drain', { signal: AbortSignal.timeout(drainTimeoutMs) })
        if (raw.destroyed) throw new Error('the client is gone')
      }
      // In one turn with the question, so that no event comes in between.
      if (sentId >= this.#newestId || sentId === before) return this.#goLive(client)
    }
  }

  close(): void {
    for (const stop of this.#stops) stop()
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    for (const { raw } of this.#clients) raw.end()
  }

  #note(flotilla: string | null): void {
    if (this.#clients.size === 0) return
    if (flotilla !== null) this.#changed.add(flotilla)
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null
      const daemon = this.#renderDaemon()
      // What is known of each depends on it too: whether it is of now.
      const names = daemon === this.#toldOfDaemon ? this.#changed : [...this.#changed, ...this.#api.names()]
      const text = [...new Set(names)].map(name => this.#renderFlotilla(name)).join('')
      this.#changed.clear()
      this.#sendAll(daemon === this.#toldOfDaemon ? text : daemon + text)
      this.#toldOfDaemon = daemon
    }, batchMs).unref()
  }

  #renderDaemon(): string {
    return `event: daemon\ndata: ${JSON.stringify(daemonOf(this.#api))}\n\n`
  }

  #renderFlotilla(name: string): string {
    const snapshot = this.#api.snapshotOf(name)
    if (snapshot !== null)
      return `event: flotilla\ndata: ${JSON.stringify(flotillaOf(snapshot, isStale(this.#api)))}\n\n`
    return this.#api.names().includes(name) ? '' : `event: gone\ndata: ${JSON.stringify({ name })}\n\n`
  }

  #sendAll(text: string): void {
    if (text === '') return
    for (const client of this.#clients) if (client.isLive) send(client, text)
  }
}

function send({ raw }: Client, text: string): void {
  if (raw.writableLength > unreadBytesMax) raw.destroy()
  else raw.write(text)
}

function renderMessage(record: EventRecord): string {
  return `id: ${record.id}\ndata: ${JSON.stringify(record)}\n\n`
}

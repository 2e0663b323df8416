import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { EventRecord } from '../events/journal/record.js'
import type { Desk } from './desk.js'
import { Problem } from './problem.js'
import { daemonOf, flotillaOf } from './routes/flotillas.js'
import { safeHeaders } from './safe-headers.js'

/** More pages and scripts than this don't look at one daemon; each holds a connection for good. */
export const streamsMost = 64
/** A client that reads nothing is dropped; it comes back with Last-Event-ID and misses no event. */
const unreadBytesMost = 1024 * 1024
/** Proxies close what is silent for a minute; a comment is no event. */
const heartbeatMs = 15_000
/** What changes in the same moment is told once. */
const gatherMs = 50

interface Client {
  readonly raw: ServerResponse
  /** What happens while it is being told what it has missed; null once it is up to date. */
  held: EventRecord[] | null
}

/**
 * Server-sent events: what the journal records, with its id, as messages; and after every look how a flotilla is, as events called `flotilla` (`gone` when it is
 * no more), which have no id because only the last one counts. At the beginning, and when it has changed, how the daemon itself is, as `daemon`.
 */
export class Streams {
  readonly #desk: Desk
  readonly #clients = new Set<Client>()
  readonly #changed = new Set<string>()
  readonly #stops: (() => void)[] = []
  #gathering: NodeJS.Timeout | null = null
  /** How the daemon was when all clients were last told. */
  #toldOfDaemon = ''

  constructor(desk: Desk) {
    this.#desk = desk
    this.#stops.push(
      desk.onRecord(record => {
        const message = renderMessage(record)
        for (const client of this.#clients)
          if (client.held === null) send(client, message)
          else client.held.push(record)
        this.#note(record.flotilla)
      }),
      desk.onPass(flotilla => this.#note(flotilla)),
    )
    const beat = setInterval(() => this.#sendAll(': still here\n\n'), heartbeatMs).unref()
    this.#stops.push(() => clearInterval(beat))
  }

  /**
   * Tells this client everything from now on; first, where it names the last event that it had, what it has missed.
   * @throws Problem 503 when there are too many.
   */
  async open(reply: FastifyReply, afterId: number | null): Promise<void> {
    if (this.#clients.size >= streamsMost)
      throw new Problem(503, 'http/too-many-streams', `${streamsMost} clients follow the events already`, {
        headers: { 'retry-after': '10' },
      })
    const client: Client = { raw: reply.raw, held: [] }
    this.#clients.add(client)
    reply.raw.on('close', () => this.#clients.delete(client))
    reply.raw.on('error', () => reply.raw.destroy())
    try {
      const missed = afterId === null ? [] : await this.#desk.readEvents({ afterId })
      this.#begin(reply, client, missed)
    } catch (error) {
      this.#clients.delete(client)
      throw error
    }
  }

  /** In one go, so that nothing comes in between: what it has missed, what has happened meanwhile, how every flotilla is. */
  #begin(reply: FastifyReply, client: Client, missed: readonly EventRecord[]): void {
    const { raw } = client
    reply.hijack()
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      ...safeHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    })
    const lastId = missed.at(-1)?.id ?? 0
    const late = (client.held ?? []).filter(record => record.id > lastId)
    client.held = null
    raw.write('retry: 1000\n\n')
    raw.write(this.#renderDaemon())
    for (const record of [...missed, ...late]) raw.write(renderMessage(record))
    for (const name of this.#desk.names()) raw.write(this.#renderFlotilla(name))
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
      const text = [...this.#changed].map(name => this.#renderFlotilla(name)).join('')
      this.#changed.clear()
      this.#sendAll(daemon === this.#toldOfDaemon ? text : daemon + text)
      this.#toldOfDaemon = daemon
    }, gatherMs).unref()
  }

  #renderDaemon(): string {
    return `event: daemon\ndata: ${JSON.stringify(daemonOf(this.#desk))}\n\n`
  }

  #renderFlotilla(name: string): string {
    const sight = this.#desk.sightOf(name)
    if (sight !== null) return `event: flotilla\ndata: ${JSON.stringify(flotillaOf(sight))}\n\n`
    return this.#desk.names().includes(name) ? '' : `event: gone\ndata: ${JSON.stringify({ name })}\n\n`
  }

  #sendAll(text: string): void {
    if (text === '') return
    for (const client of this.#clients) if (client.held === null) send(client, text)
  }
}

function send({ raw }: Client, text: string): void {
  if (raw.writableLength > unreadBytesMost) raw.destroy()
  else raw.write(text)
}

function renderMessage(record: EventRecord): string {
  return `id: ${record.id}\ndata: ${JSON.stringify(record)}\n\n`
}

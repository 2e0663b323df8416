import assert from 'node:assert/strict'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Connection } from '../../src/redis/client/connection.js'
import { containerNamed, type NodeContainer } from './containers.js'
import { withTimeout } from './with-timeout.js'
import { sendOver, connectTo, type NodeLogin } from './redis-node.js'
import { until } from './until.js'
import type { World } from './world.js'

/** plain: the master's OK is the acknowledgement. wait: one replica has it too (`WAIT 1`). */
export type Promised = 'plain' | 'wait'

/** A client gives up on an answer after this long, and connects again to whoever has the name then. */
const replyTimeoutMs = 1_000

/** What has become due while an answer was waited for is sent together, up to so much. */
const togetherMax = 200

interface Acknowledged {
  readonly key: string
  readonly sentMs: number
  readonly atMs: number
}

/**
 * An application that writes one key after the other through `<flotilla>-master`, knowing nothing but that
 * name, and remembers what was acknowledged. The host can't resolve names of containers, so the engine is
 * asked who has it.
 */
export class Writer {
  readonly #world: World
  readonly #promised: Promised
  readonly #stem: string
  readonly #everyMs: number
  /** Of each client; null: one after the other. */
  readonly #perSecond: number | null
  readonly #through: number | null
  readonly #acknowledged: Acknowledged[] = []
  readonly #loops: Promise<void>[]
  #stopped = false

  constructor(
    world: World,
    {
      promised,
      clients = 2,
      stem = 'written',
      everyMs = 4,
      perSecond = null,
      through = null,
    }: {
      readonly promised: Promised
      readonly clients?: number
      /** What its keys begin with: two writers on one flotilla need two. */
      readonly stem?: string
      /** Between an answer and the next write of a client. */
      readonly everyMs?: number
      /**
       * Of all clients together, however long the answers take; null: each writes one key after the other.
       */
      readonly perSecond?: number | null
      /** The port of this host that it connects to, in place of the master by its name. */
      readonly through?: number | null
    },
  ) {
    this.#world = world
    this.#promised = promised
    this.#through = through
    this.#stem = stem
    this.#everyMs = everyMs
    this.#perSecond = perSecond === null ? null : perSecond / clients
    this.#loops = Array.from({ length: clients }, (_, client) => this.#write(client))
  }

  get count(): number {
    return this.#acknowledged.length
  }

  /**
   * Milliseconds from then (`performance.now()`) to the first acknowledgement of a write that was sent later.
   */
  async recoveredAfterMs(sinceMs: number, withinMs = 60_000): Promise<number> {
    const first = await until('an acknowledged write', withinMs, () =>
      this.#acknowledged.find(one => one.sentMs > sinceMs),
    )
    return Math.round(first.atMs - sinceMs)
  }

  /** The longest time without any acknowledgement since then. */
  pauseMsMax(sinceMs: number): number {
    const times = [sinceMs, ...this.#acknowledged.map(one => one.atMs).filter(ms => ms > sinceMs)]
    times.sort((a, b) => a - b)
    return Math.round(Math.max(...times.slice(1).map((ms, index) => ms - (times[index] ?? ms))))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  /** Acknowledged keys that the node of this name has not. */
  async missingOn(node: 'master' | `replica-${number}`): Promise<readonly string[]> {
    const keys = this.#acknowledged.map(one => one.key)
    const connection = connectTo(await this.#world.container(node), this.#login())
    const missing: string[] = []
    try {
      for (let start = 0; start < keys.length; start += 1_000) {
        const some = keys.slice(start, start + 1_000)
        const values = (await sendOver(connection, 'MGET', ...some)) as readonly (string | null)[]
        missing.push(...some.filter((_, index) => values[index] === null))
      }
    } finally {
      connection.close()
    }
    return missing
  }

  /** Ends it; every acknowledged write must be on the master. @returns how many there were. */
  async assertNothingLost(): Promise<number> {
    await this.stop()
    assert.ok(this.count > 0, 'it never wrote anything')
    assert.deepEqual(await this.missingOn('master'), [], `of ${this.count} acknowledged writes`)
    return this.count
  }

  async #write(client: number): Promise<void> {
    let connection: Connection | null = null
    let sent = 0
    const beganMs = performance.now()
    for (let number = 0; !this.#stopped; number += 1) {
      const sentMs = performance.now()
      const due =
        this.#perSecond === null ? 1 : Math.floor(((sentMs - beganMs) * this.#perSecond) / 1_000) - sent
      const keys = Array.from(
        { length: Math.min(due, togetherMax) },
        (_, index) => `${this.#stem}:${client}:${number}:${index}`,
      )
      sent += keys.length
      try {
        connection ??= await this.#connect()
        const acknowledged = keys.length === 0 ? [] : await this.#acknowledgedInTime(connection, keys)
        this.#acknowledged.push(...acknowledged.map(key => ({ key, sentMs, atMs: performance.now() })))
        await sleepFor(this.#everyMs)
      } catch {
        connection?.close()
        connection = null
        await sleepFor(10)
      }
    }
    connection?.close()
  }

  #acknowledgedInTime(connection: Connection, keys: readonly string[]): Promise<readonly string[]> {
    return withTimeout(
      this.#acknowledgedOf(connection, keys),
      replyTimeoutMs,
      `no answer for ${replyTimeoutMs} ms`,
    )
  }

  /**
   * Those of the keys that the master's OK (and a replica's, where that was promised) came for. @throws when
   * there is none.
   */
  async #acknowledgedOf(connection: Connection, keys: readonly string[]): Promise<readonly string[]> {
    const answer = await connection.send(keys.map(key => ['SET', key, 'x']))
    if (answer.kind !== 'replies') throw new Error(`no reply: ${answer.kind}`)
    const acknowledged = keys.filter((_, index) => answer.replies[index]?.kind === 'value')
    if (acknowledged.length === 0) throw new Error('refused')
    if (this.#promised === 'plain') return acknowledged
    return Number(await sendOver(connection, 'WAIT', '1', '500')) >= 1 ? acknowledged : []
  }

  #login(): NodeLogin {
    return { password: this.#world.password(), trust: this.#world.trust() }
  }

  async #connect(): Promise<Connection> {
    // Through a port it asks the engine nothing, which is busy while containers end.
    const master = this.#through === null ? await containerNamed(`${this.#world.name}-master`) : anybody
    if (master?.running !== true || master.address === null) throw new Error('nobody has the name')
    return connectTo(
      this.#through === null ? master : { ...master, address: { host: '127.0.0.1', port: this.#through } },
      this.#login(),
    )
  }
}

/** Whoever is behind a port. */
const anybody: NodeContainer = {
  ...{ id: '', name: 'gateway', ordinal: 0, running: true, startedAt: '', image: '', ip: null },
  address: { host: '127.0.0.1', port: 0 },
}

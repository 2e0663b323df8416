import { setTimeout as sleepFor } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** How one application of the bench is set up: an ioredis that knows nothing but a name. */
export interface WriterSetting {
  readonly password: string | null
  /**
   * `every-10-ms`: as docs/clients.md, with a steady retry. `default`: whatever the library does by itself.
   */
  readonly retry: 'every-10-ms' | 'default'
  /**
   * One at a time, each sent 1 ms after the answer to the one before; or so many a second, whatever has been
   * answered.
   */
  readonly pace: 'one-by-one' | { readonly perSecond: number }
  /** True: a write is acknowledged when a replica has it too (`WAIT 1`). */
  readonly wait: boolean
  /** Where it is not Redis's own. */
  readonly port?: number
  /** Asks these for the master instead of using a name. */
  readonly sentinels: readonly { readonly host: string; readonly port: number }[] | null
}

export interface WriterReport {
  /** When the first connection closed since then; null when none has. */
  readonly closedAtMs: number | null
  /** The first acknowledgement over a connection that was opened after that; null while there is none. */
  readonly backAtMs: number | null
  /** The longest time between two acknowledgements. */
  readonly pauseMs: number
  /** Writes that the library gave up, by what it said. What it tries again by itself is none. */
  readonly givenUp: Readonly<Record<string, number>>
}

export interface Audit {
  readonly acknowledged: number
  /** Acknowledged, and not on the master now. */
  readonly lost: number
}

/**
 * Milliseconds of the kernel's monotonic clock: the same in every process of this machine, in a container
 * too.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Writes number after number: each sets one bit of one key, so that a million acknowledged writes can be
 * compared with what the master has in one look, and a write that was sent twice is the same as one.
 */
export class BenchWriter {
  readonly #setting: WriterSetting
  readonly #redis: Redis
  readonly #key = `bench:${process.hrtime.bigint()}`
  readonly #acknowledged: number[] = []
  readonly #ackedAtMs: number[] = []
  readonly #closedAtMs: number[] = []
  readonly #givenUp = new Map<string, number>()
  readonly #loop: Promise<void>
  #next = 0
  #open = 0
  #stopped = false

  constructor(host: string, setting: WriterSetting) {
    this.#setting = setting
    this.#redis = new Redis(optionsFor(host, setting))
    this.#redis.on('error', () => undefined)
    this.#redis.on('close', () => void this.#closedAtMs.push(monotonicMs()))
    this.#loop = setting.pace === 'one-by-one' ? this.#oneByOne() : this.#paced(setting.pace.perSecond)
  }

  get count(): number {
    return this.#acknowledged.length
  }

  report(sinceMs: number): WriterReport {
    const closedAtMs = this.#closedAtMs.find(ms => ms >= sinceMs) ?? null
    const backAtMs = closedAtMs === null ? null : (this.#ackedAtMs.find(ms => ms > closedAtMs) ?? null)
    const times = [sinceMs, ...this.#ackedAtMs.filter(ms => ms > sinceMs)]
    const pauseMs = times.slice(1).reduce((most, ms, index) => Math.max(most, ms - (times[index] ?? ms)), 0)
    return { closedAtMs, backAtMs, pauseMs, givenUp: Object.fromEntries(this.#givenUp) }
  }

  async audit(): Promise<Audit> {
    await this.#stop()
    const bits = (await this.#redis.getBuffer(this.#key)) ?? Buffer.alloc(0)
    const lost = this.#acknowledged.filter(number => !isSet(bits, number))
    return { acknowledged: this.count, lost: lost.length }
  }

  async close(): Promise<void> {
    await this.#stop()
    this.#redis.disconnect()
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
    const endMs = monotonicMs() + 5_000
    while (this.#open > 0 && monotonicMs() < endMs) await sleepFor(5)
  }

  async #oneByOne(): Promise<void> {
    while (!this.#stopped) {
      await this.#write(this.#next++)
      await sleepFor(1)
    }
  }

  /** What is due every millisecond or so; a backlog larger than a second's worth is not made larger. */
  async #paced(perSecond: number): Promise<void> {
    const startedMs = monotonicMs()
    let sent = 0
    while (!this.#stopped) {
      const due = Math.floor(((monotonicMs() - startedMs) * perSecond) / 1_000)
      for (; sent < due; sent++) if (this.#open < perSecond) void this.#write(this.#next++)
      await sleepFor(1)
    }
  }

  async #write(number: number): Promise<void> {
    this.#open++
    try {
      if (this.#setting.wait) await this.#writeOnTwoNodes(number)
      else await this.#redis.setbit(this.#key, number, 1)
      this.#acknowledged.push(number)
      this.#ackedAtMs.push(monotonicMs())
    } catch (error) {
      const words = error instanceof Error ? error.message.slice(0, 80) : String(error)
      this.#givenUp.set(words, (this.#givenUp.get(words) ?? 0) + 1)
    } finally {
      this.#open--
    }
  }

  /**
   * In one pipeline, as docs/clients.md says: sent apart, a `WAIT` whose connection breaks is sent again to
   * the new master, which answers for what it has, and may never have had this write.
   */
  async #writeOnTwoNodes(number: number): Promise<void> {
    const pair = this.#redis.pipeline().setbit(this.#key, number, 1).wait(1, 1_000)
    const [set, reached] = (await pair.exec()) ?? []
    const error = set?.[0] ?? reached?.[0]
    if (error instanceof Error) throw error
    if (Number(reached?.[1]) < 1) throw new Error('WAIT: no replica has it')
  }
}

/**
 * Its type is left to be found out: the library's own type of options is wider than what its constructor
 * takes.
 */
function optionsFor(host: string, { password, retry, sentinels, port = 6379 }: WriterSetting) {
  const place = sentinels === null ? { host, port } : { sentinels: [...sentinels], name: host }
  const login = password === null ? {} : { password }
  if (retry === 'default') return { ...place, ...login }
  return {
    ...place,
    ...login,
    connectTimeout: 100,
    maxRetriesPerRequest: null,
    retryStrategy: () => 10,
    sentinelRetryStrategy: () => 10,
    reconnectOnError: (error: Error) =>
      /^(READONLY|LOADING|MASTERDOWN)/.test(error.message) ? (2 as const) : false,
  }
}

/** As SETBIT counts: the first bit is the highest of the first byte. */
function isSet(bits: Buffer, number: number): boolean {
  return ((bits[number >> 3] ?? 0) & (128 >> (number & 7))) !== 0
}

import type { Clock } from '../clock.js'
import type { NodeTarget, RedisPort } from '../redis/redis.js'

/**
 * Between two looks a master can hang without anybody telling: no connection closes, no event comes. A PING over the kept connection finds it, and says
 * since when, to a quarter of a second; a whole look as often at every node would cost twenty times as much.
 */
const beatMs = 250

/** A healthy node answers within a millisecond; this is when the look that follows is worth its cost. */
const answerMs = 400

/** One that is silent is looked at by passes anyway. */
const silentBeatMs = 1_000

/** Pings masters, all in the same moment, until it is stopped. */
export class Heartbeat {
  readonly #redis: RedisPort
  readonly #clock: Clock
  readonly #onSilence: (master: NodeTarget, sinceMs: number | null) => void
  readonly #onLife: (master: NodeTarget) => void
  readonly #masters = new Map<string, NodeTarget>()
  /** When the master of each flotilla is to be asked next, on the monotonic clock; Infinity while an answer is waited for. */
  readonly #dueMs = new Map<string, number>()
  #cancel: () => void = () => undefined

  /** `onSilence` hears since when (wall clock, ms) there is no answer; null where there was no connection to ask over. */
  constructor(options: {
    readonly redis: RedisPort
    readonly clock: Clock
    readonly onSilence: (master: NodeTarget, sinceMs: number | null) => void
    readonly onLife: (master: NodeTarget) => void
  }) {
    this.#redis = options.redis
    this.#clock = options.clock
    this.#onSilence = options.onSilence
    this.#onLife = options.onLife
  }

  start(): void {
    this.#cancel = this.#clock.after(beatMs, () => {
      const nowMs = this.#clock.monotonicMs()
      for (const master of this.#masters.values())
        if ((this.#dueMs.get(master.flotilla) ?? 0) <= nowMs) void this.#beat(master)
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** Whom to ping for this flotilla from now on; null for nobody. */
  watch(flotilla: string, master: NodeTarget | null): void {
    if (master === null) this.#masters.delete(flotilla)
    else this.#masters.set(flotilla, master)
  }

  async #beat(master: NodeTarget): Promise<void> {
    const sentAtMs = this.#clock.nowMs()
    const { flotilla } = master
    this.#dueMs.set(flotilla, Infinity)
    const answer = await this.#redis.ping(master, { deadlineMs: answerMs })
    this.#dueMs.set(flotilla, answer === 'alive' ? 0 : this.#clock.monotonicMs() + silentBeatMs)
    // Another pass may have found another master meanwhile.
    if (this.#masters.get(flotilla) !== master) return
    if (answer === 'alive') this.#onLife(master)
    else this.#onSilence(master, answer === 'silent' ? sentAtMs : null)
  }
}

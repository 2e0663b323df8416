import type { Clock } from '../../clock.js'
import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget } from '../../model/redis.js'

/**
 * Between two looks a master can hang without anybody telling: no connection closes, no event comes. Two
 * PINGs a second over the kept connection find it; a whole look every second at every node would cost twenty
 * times as much, and four pings a second three times the processor time of a daemon at rest.
 */
const pingIntervalMs = 500

/**
 * How long before the question that got no answer a silence is taken to have begun, of the time since the
 * last answer. A little more than half of it, because what follows the decision takes 0.1 to 0.2 s: so a
 * master that hangs is replaced after its `hangTimeout`, give or take a third of a second.
 */
const silenceGuessMs = 350

/** A healthy node answers within a millisecond; this is when the look that follows is worth its cost. */
const pingDeadlineMs = 400

/** Pings masters twice a second, all in the same moment, until it is stopped. */
export class Heartbeat {
  readonly #redis: RedisPort
  readonly #clock: Clock
  readonly #onSilence: (master: NodeTarget, sinceMs: number | null) => void
  readonly #onAlive: (master: NodeTarget) => void
  readonly #masters = new Map<string, NodeTarget>()
  #cancel: () => void = () => undefined

  /**
   * `onSilence` hears since when (wall clock, ms) there is no answer, by the best guess: between the question
   * that was not answered and the one before. Null where there was no connection to ask over.
   */
  constructor(options: {
    readonly redis: RedisPort
    readonly clock: Clock
    readonly onSilence: (master: NodeTarget, sinceMs: number | null) => void
    readonly onAlive: (master: NodeTarget) => void
  }) {
    this.#redis = options.redis
    this.#clock = options.clock
    this.#onSilence = options.onSilence
    this.#onAlive = options.onAlive
  }

  start(): void {
    this.#cancel = this.#clock.after(pingIntervalMs, () => {
      for (const master of this.#masters.values()) void this.#ping(master)
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

  async #ping(master: NodeTarget): Promise<void> {
    const sentAtMs = this.#clock.nowMs()
    const result = await this.#redis.ping(master, { deadlineMs: pingDeadlineMs })
    // Another pass may have found another master meanwhile.
    if (this.#masters.get(master.flotilla) !== master) return
    if (result === 'alive') this.#onAlive(master)
    else this.#onSilence(master, result === 'silent' ? sentAtMs - silenceGuessMs : null)
  }
}

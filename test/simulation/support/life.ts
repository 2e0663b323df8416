import type { Clock } from '../../../src/clock.js'

/** The life of one Flotilla: what it does ends with it, at any point, and what it has asked for goes on without it. */
export class Life {
  #alive = true
  readonly #wills: (() => void)[] = []

  get alive(): boolean {
    return this.#alive
  }

  atDeath(will: () => void): void {
    this.#wills.push(will)
  }

  /** SIGKILL. */
  end(): void {
    this.#alive = false
    for (const will of this.#wills) will()
  }
}

/** The same port for one Flotilla: once that is dead no call goes out and no answer comes back. */
export function mortal<Port extends object>(port: Port, life: Life): Port {
  const known = new Map<PropertyKey, unknown>()
  return new Proxy(port, {
    get(target, key): unknown {
      if (known.has(key)) return known.get(key)
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const wrapped = (...args: unknown[]): unknown => {
        if (!life.alive) return new Promise(() => undefined)
        const result: unknown = Reflect.apply(value, target, args)
        return result instanceof Promise ? whileAlive(result, life) : result
      }
      known.set(key, wrapped)
      return wrapped
    },
  })
}

export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => whileAlive(clock.sleep(ms, signal), life),
    after: (ms, callback) =>
      clock.after(ms, () => {
        if (life.alive) callback()
      }),
  }
}

function whileAlive<T>(promise: Promise<T>, life: Life): Promise<T> {
  const ifAlive = <Told>(told: Told): Told | Promise<never> =>
    life.alive ? told : new Promise<never>(() => undefined)
  return promise.then(ifAlive, async (error: unknown) => {
    await ifAlive(undefined)
    throw error
  })
}

import type { Clock } from '../../../src/clock.js'

/**
 * The life of one Flotilla: what it does ends with it, at any point, and what it has asked for goes on
 * without it.
 */
export class ProcessLife {
  #alive = true
  readonly #killHandlers: (() => void)[] = []

  get alive(): boolean {
    return this.#alive
  }

  onKill(will: () => void): void {
    this.#killHandlers.push(will)
  }

  /** SIGKILL. */
  end(): void {
    this.#alive = false
    for (const will of this.#killHandlers) will()
  }
}

/** The same port for one Flotilla: once that is dead no call goes out and no answer comes back. */
export function killable<Port extends object>(port: Port, processLife: ProcessLife): Port {
  const known = new Map<PropertyKey, unknown>()
  return new Proxy(port, {
    get(target, key): unknown {
      if (known.has(key)) return known.get(key)
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const wrapped = (...args: unknown[]): unknown => {
        if (!processLife.alive) return new Promise(() => undefined)
        const result: unknown = Reflect.apply(value, target, args)
        return result instanceof Promise ? whileAlive(result, processLife) : result
      }
      known.set(key, wrapped)
      return wrapped
    },
  })
}

export function killableClock(clock: Clock, processLife: ProcessLife): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => whileAlive(clock.sleep(ms, signal), processLife),
    after: (ms, callback) =>
      clock.after(ms, () => {
        if (processLife.alive) callback()
      }),
  }
}

function whileAlive<T>(promise: Promise<T>, processLife: ProcessLife): Promise<T> {
  const ifAlive = <Told>(told: Told): Told | Promise<never> =>
    processLife.alive ? told : new Promise<never>(() => undefined)
  return promise.then(ifAlive, async (error: unknown) => {
    await ifAlive(undefined)
    throw error
  })
}

import type { Clock } from '../../../src/clock.js'
import type { LogQuery } from '../../../src/runtime/runtime.js'
import { isAlive, type FakeContainer } from './fake-world.js'
import type { LogLine } from '../../../src/model/engine.js'

/** What containers have printed, and who is told of more. */
export class FakeLogs {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #followers = new Map<
    (line: LogLine) => void,
    { readonly container: FakeContainer; readonly end: () => void }
  >()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  write(container: FakeContainer, text: string): void {
    const line = { at: engineTime(this.#clock.nowMs()), text }
    container.logs.push(line)
    for (const [onLine, follower] of this.#followers) if (follower.container === container) onLine(line)
  }

  async stream(
    container: FakeContainer,
    query: LogQuery,
    onLine: (line: LogLine) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const since = engineTime(query.sinceMs ?? 0)
    const kept = container.logs.filter(({ at }) => at >= since)
    lastOf(kept, query.tailLines ?? kept.length).forEach(onLine)
    if (!query.follow || !isAlive(container)) return
    await new Promise<void>(resolve => {
      this.#followers.set(onLine, { container, end: resolve })
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#followers.delete(onLine)
  }

  /** Of a container that has ended: nobody hears more of it. */
  end(containerId: string): void {
    for (const { container, end } of this.#followers.values()) if (container.id === containerId) end()
  }
}

export function lastOf<T>(items: readonly T[], count: number): readonly T[] {
  return count === 0 ? [] : items.slice(-count)
}

/** With nanoseconds, as engines write it. */
function engineTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000000Z')
}

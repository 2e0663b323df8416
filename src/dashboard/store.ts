import { useEffect, useState } from 'preact/hooks'
import { readingsOf } from '../timeseries/readings.js'
import { TimeSeries, type FlotillaTimeSeries } from '../timeseries/time-series.js'
import { flotillaPath, read } from './api/client.js'
import { follow } from './api/follow.js'
import { emptyFleet, reduce, type Fleet, type Message } from './model/fleet-state.js'

type Listener = () => void

/** What the page knows, one place for all of it. What comes in the same frame is drawn once. */
class Store {
  readonly series = new TimeSeries()
  /** Grows when the daemon's hour has come in, so that who draws it knows. */
  loads = 0
  readonly #listeners = new Set<Listener>()
  readonly #follower
  #fleet: Fleet = emptyFleet
  #isReported = true

  constructor() {
    this.#follower = follow(message => this.#reduce(message))
  }

  get fleet(): Fleet {
    return this.#fleet
  }

  /** The daemon's clock. */
  nowMs(): number {
    return Date.now() + this.#fleet.skewMs
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  retry(): void {
    this.#follower.retry()
  }

  /** What the daemon has measured during the last hour, before this page was there to see it. */
  async loadSeries(flotilla: string): Promise<void> {
    this.series.load(await read<FlotillaTimeSeries>(flotillaPath(flotilla, 'series')))
    this.loads++
    this.#noteSeries(flotilla)
    this.#tell()
  }

  #reduce(message: Message): void {
    this.#fleet = reduce(this.#fleet, message)
    if (message.kind === 'flotilla') this.#noteSeries(message.flotilla.name)
    if (message.kind === 'gone') this.series.forget(message.name)
    this.#tell()
  }

  #noteSeries(name: string): void {
    const flotilla = this.#fleet.flotillas.get(name)
    if (flotilla !== undefined)
      this.series.record(name, Date.parse(flotilla.observedAt), readingsOf(flotilla.nodes))
  }

  #tell(): void {
    if (!this.#isReported) return
    this.#isReported = false
    // Not by animation frame: a page in the background has none, and would fall behind.
    setTimeout(() => {
      this.#isReported = true
      for (const listener of this.#listeners) listener()
    }, 16)
  }
}

export const store = new Store()

/**
 * What is known, and the daemon's time; redrawn on news, and every second for whatever says how long ago
 * something was.
 */
export function useFleet(): { readonly fleet: Fleet; readonly nowMs: number } {
  const [, draw] = useState(0)
  useEffect(() => {
    const again = (): void => draw(count => count + 1)
    const stop = store.subscribe(again)
    const tick = setInterval(again, 1_000)
    again()
    return () => {
      stop()
      clearInterval(tick)
    }
  }, [])
  return { fleet: store.fleet, nowMs: store.nowMs() }
}

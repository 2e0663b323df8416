import { useEffect, useState } from 'preact/hooks'
import { readingsOf } from '../series/readings.js'
import { Series, type FlotillaSeries } from '../series/series.js'
import { flotillaPath, read } from './contact/api.js'
import { follow } from './contact/follow.js'
import { emptyFleet, take, type Fleet, type Message } from './model/fleet.js'

type Listener = () => void

/** What the page knows, one place for all of it. What comes in the same frame is drawn once. */
class Store {
  readonly series = new Series()
  /** Grows when the daemon's hour has come in, so that who draws it knows. */
  loads = 0
  readonly #listeners = new Set<Listener>()
  readonly #follower
  #fleet: Fleet = emptyFleet
  #isTold = true

  constructor() {
    this.#follower = follow(message => this.#take(message))
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
    this.series.load(await read<FlotillaSeries>(flotillaPath(flotilla, 'series')))
    this.loads++
    this.#noteSeries(flotilla)
    this.#tell()
  }

  #take(message: Message): void {
    this.#fleet = take(this.#fleet, message)
    if (message.kind === 'flotilla') this.#noteSeries(message.flotilla.name)
    if (message.kind === 'gone') this.series.forget(message.name)
    this.#tell()
  }

  #noteSeries(name: string): void {
    const flotilla = this.#fleet.flotillas.get(name)
    if (flotilla !== undefined)
      this.series.note(name, Date.parse(flotilla.lookedAt), readingsOf(flotilla.nodes))
  }

  #tell(): void {
    if (!this.#isTold) return
    this.#isTold = false
    // Not by animation frame: a page in the background has none, and would fall behind.
    setTimeout(() => {
      this.#isTold = true
      for (const listener of this.#listeners) listener()
    }, 16)
  }
}

export const store = new Store()

/** What is known, and the daemon's time; drawn anew on news, and every second for whatever says how long ago something was. */
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

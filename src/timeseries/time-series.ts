/** What of a node is drawn as a line over time. */
export const measures = ['lagBytes', 'opsPerSecond', 'memoryBytes', 'offset'] as const

export type Measure = (typeof measures)[number]

export type Reading = Readonly<Record<Measure, number | null>>

export interface NodeReading extends Reading {
  readonly ordinal: number
}

/**
 * One line per node and measure, all of the same length; null where the node was not seen, or did not tell.
 */
export interface FlotillaTimeSeries {
  readonly flotilla: string
  readonly stepSeconds: number
  /** When the first step began, ISO 8601. */
  readonly startsAt: string
  readonly nodes: readonly NodeTimeSeries[]
}

export interface NodeTimeSeries extends Readonly<Record<Measure, readonly (number | null)[]>> {
  readonly ordinal: number
}

/** Two looks at a settled flotilla; finer than a line on a screen that shows an hour. */
export const stepMs = 10_000

/** An hour. */
export const stepsKept = 360

/** 11.5 kB for each node, so 8 MB at most, whatever is kept: 700 nodes. */
const nodesMax = Math.floor(
  (8 * 1024 * 1024) / (stepsKept * measures.length * Float64Array.BYTES_PER_ELEMENT),
)

/** Unseen for so long, a node makes room for another. */
const evictAfter = { steps: 6 }

/**
 * What the last hour's looks have measured, in rings of fixed size. It asks nothing of anybody: whoever has
 * looked notes what was seen. The daemon keeps one, and so does each page, which begins with the daemon's.
 */
export class TimeSeries {
  readonly #rings = new Map<string, Map<number, RingBuffer>>()
  readonly #nodesMax: number
  #count = 0

  constructor(options: { readonly nodesMax?: number } = {}) {
    this.#nodesMax = options.nodesMax ?? nodesMax
  }

  record(flotilla: string, atMs: number, nodes: readonly NodeReading[]): void {
    const step = Math.floor(atMs / stepMs)
    const rings = this.#rings.get(flotilla) ?? new Map<number, RingBuffer>()
    this.#rings.set(flotilla, rings)
    for (const [ordinal, ring] of rings) if (ring.lastStep < step - stepsKept) this.#drop(rings, ordinal)
    for (const node of nodes) {
      const ring = rings.get(node.ordinal) ?? this.#add(rings, node.ordinal, step)
      ring?.record(step, node)
    }
  }

  forget(flotilla: string): void {
    this.#count -= this.#rings.get(flotilla)?.size ?? 0
    this.#rings.delete(flotilla)
  }

  /** From the first step of the hour before `nowMs` in which anything was noted. */
  of(flotilla: string, nowMs: number): FlotillaTimeSeries {
    const lastStep = Math.floor(nowMs / stepMs)
    const rings = [...(this.#rings.get(flotilla) ?? [])].sort(([a], [b]) => a - b)
    const firstStep = Math.max(
      lastStep - stepsKept + 1,
      Math.min(lastStep + 1, ...rings.map(([, ring]) => ring.firstStep)),
    )
    return {
      flotilla,
      stepSeconds: stepMs / 1_000,
      startsAt: new Date(firstStep * stepMs).toISOString(),
      nodes: rings.map(([ordinal, ring]) => ({ ordinal, ...ring.read(firstStep, lastStep) })),
    }
  }

  /** Takes over what another has kept, in place of what is known of that flotilla. */
  load({ flotilla, startsAt, nodes }: FlotillaTimeSeries): void {
    this.forget(flotilla)
    const length = nodes[0]?.offset.length ?? 0
    for (let index = 0; index < length; index++)
      this.record(
        flotilla,
        Date.parse(startsAt) + index * stepMs,
        nodes.flatMap(node => readingAt(node, index) ?? []),
      )
  }

  #add(rings: Map<number, RingBuffer>, ordinal: number, step: number): RingBuffer | null {
    if (this.#count >= this.#nodesMax && !this.#makeRoom(step)) return null
    const ring = new RingBuffer(step)
    rings.set(ordinal, ring)
    this.#count++
    return ring
  }

  #makeRoom(step: number): boolean {
    for (const rings of this.#rings.values())
      for (const [ordinal, ring] of rings)
        if (ring.lastStep < step - evictAfter.steps) {
          this.#drop(rings, ordinal)
          return true
        }
    return false
  }

  #drop(rings: Map<number, RingBuffer>, ordinal: number): void {
    rings.delete(ordinal)
    this.#count--
  }
}

function readingAt(node: NodeTimeSeries, index: number): NodeReading | null {
  const reading = Object.fromEntries(
    measures.map(measure => [measure, node[measure][index] ?? null]),
  ) as Reading
  return measures.every(measure => reading[measure] === null) ? null : { ordinal: node.ordinal, ...reading }
}

/** An hour of one node. A step's place is its number modulo the steps that are kept. */
class RingBuffer {
  readonly #values = new Float64Array(stepsKept * measures.length).fill(Number.NaN)
  readonly firstStep: number
  #lastStep: number

  constructor(step: number) {
    this.firstStep = step
    this.#lastStep = step
  }

  get lastStep(): number {
    return this.#lastStep
  }

  /**
   * Of several looks within a step the last counts; of the lag the worst, or a short one would never be seen.
   */
  record(step: number, reading: Reading): void {
    if (step < this.#lastStep - stepsKept + 1) return
    for (let next = Math.max(this.#lastStep + 1, step - stepsKept + 1); next <= step; next++)
      for (let index = 0; index < measures.length; index++) this.#values[placeOf(next, index)] = Number.NaN
    this.#lastStep = Math.max(this.#lastStep, step)
    measures.forEach((measure, index) => {
      const place = placeOf(step, index)
      const before = this.#values[place] ?? Number.NaN
      const value = reading[measure] ?? Number.NaN
      this.#values[place] = measure === 'lagBytes' && before > value ? before : value
    })
  }

  read(firstStep: number, lastStep: number): Readonly<Record<Measure, readonly (number | null)[]>> {
    const line = (index: number): readonly (number | null)[] =>
      Array.from({ length: lastStep - firstStep + 1 }, (_, offset) => this.#at(firstStep + offset, index))
    return Object.fromEntries(measures.map((measure, index) => [measure, line(index)])) as Readonly<
      Record<Measure, readonly (number | null)[]>
    >
  }

  #at(step: number, index: number): number | null {
    if (step > this.#lastStep || step <= this.#lastStep - stepsKept || step < this.firstStep) return null
    const value = this.#values[placeOf(step, index)] ?? Number.NaN
    return Number.isNaN(value) ? null : value
  }
}

function placeOf(step: number, index: number): number {
  return (step % stepsKept) * measures.length + index
}

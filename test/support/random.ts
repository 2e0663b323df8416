/** Random numbers that one seed decides. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
    for (let turn = 0; turn < 4; turn++) this.next()
  }

  /** At least 0 and less than 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.next()
  }

  /** Both ends included. */
  int(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @throws when there is nothing to choose from. */
  pick<T>(items: readonly T[]): T {
    const place = Math.floor(this.next() * items.length)
    if (place >= items.length) throw new Error('there is nothing to choose from')
    return items[place] as T
  }

  /** Mostly small, now and then large: each order of magnitude is as likely as the next. */
  spread(least: number, most: number): number {
    return least * (most / least) ** this.next()
  }
}

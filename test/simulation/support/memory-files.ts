import type { Clock } from '../../../src/clock.js'
import type { StateFiles } from '../../../src/files.js'

/** A disk in memory: what is written is there at once, and outlasts a power cut only once it is synced. */
export class MemoryFiles implements StateFiles {
  readonly #clock: Clock
  readonly #delayMs: () => number
  #seen = new Map<string, string>()
  #synced = new Map<string, string>()

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  async read(path: string): Promise<string | null> {
    return this.#seen.get(path) ?? null
  }

  async write(
    path: string,
    content: string,
    { durable = true }: { readonly mode: number; readonly durable?: boolean },
  ): Promise<void> {
    await this.#clock.sleep(this.#delayMs())
    this.#seen.set(path, content)
    if (!durable) return
    // Renamed already, and not synced yet: whoever dies here has written it, and a power cut takes it back.
    await this.#clock.sleep(this.#delayMs())
    this.#synced.set(path, content)
  }

  async remove(path: string): Promise<void> {
    for (const files of [this.#seen, this.#synced])
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name)
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#seen.get(from)
    if (content === undefined) return
    await this.remove(from)
    this.put(to, content)
  }

  async list(folder: string): Promise<readonly string[] | null> {
    const prefix = `${folder}/`
    const names = [...this.#seen.keys()].filter(name => name.startsWith(prefix))
    return names.length === 0 ? null : names.map(name => name.slice(prefix.length).split('/')[0] ?? '')
  }

  /** What is read there now. */
  peek(path: string): string | null {
    return this.#seen.get(path) ?? null
  }

  exists(path: string): boolean {
    return this.#seen.has(path)
  }

  /** As somebody else does it, at once. */
  put(path: string, content: string): void {
    this.#seen.set(path, content)
    this.#synced.set(path, content)
  }

  cutPower(): void {
    this.#seen = new Map(this.#synced)
  }
}

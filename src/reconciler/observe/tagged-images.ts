import type { Runtime } from '../../runtime/runtime.js'
import type { ImageFacts } from '../../model/engine.js'

/** A tag moves by a `docker pull` or a build, and nothing hangs on hearing of it soon. */
const maxAgeMs = 60_000

/**
 * Which image a reference means on the engine: asked beside the look, which never waits for it, for all
 * flotillas at once.
 */
export class TaggedImages {
  readonly #runtime: Runtime
  readonly #known = new Map<string, { imageId: string | null; readonly askedAtMs: number }>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Null while it is not known, and where it means none. */
  idOf(reference: string, nowMs: number): string | null {
    const known = this.#known.get(reference)
    if (known !== undefined && Math.abs(nowMs - known.askedAtMs) < maxAgeMs) return known.imageId
    const asked = { imageId: known?.imageId ?? null, askedAtMs: nowMs }
    this.#known.set(reference, asked)
    void this.#refresh(reference, asked)
    return asked.imageId
  }

  /** What somebody has seen who had to look. */
  record(reference: string, image: ImageFacts | null, nowMs: number): void {
    this.#known.set(reference, { imageId: image?.imageId ?? null, askedAtMs: nowMs })
  }

  async #refresh(reference: string, asked: { imageId: string | null }): Promise<void> {
    try {
      asked.imageId = (await this.#runtime.findImage(reference))?.imageId ?? null
    } catch {
      // Not worth a failed look: what was known stays.
    }
  }
}

import type { Runtime } from '../../runtime/runtime.js'
import type { ContainerFacts } from '../../model/engine.js'

/**
 * An entrypoint that begins as root has become somebody else within a few ms of its start; a loaded host may
 * need longer.
 */
const settledMs = 2_000

/**
 * As whom the servers of nodes run, asked once for each run of a container and beside the look, which never
 * waits for it: what is found is known at the next one.
 */
export class ProcessUsers {
  readonly #runtime: Runtime
  readonly #known = new Map<string, ProcessUser>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Null while it is not known, and where the engine can't tell. */
  of({ containerId, state, startedAtMs }: ContainerFacts, nowMs: number): number | null {
    if (state !== 'running' || startedAtMs === null) return null
    const known = this.#known.get(containerId)
    if (known?.startedAtMs === startedAtMs) return known.uid
    if (nowMs - startedAtMs < settledMs) return null
    const asked: ProcessUser = { startedAtMs, uid: null }
    this.#known.set(containerId, asked)
    void this.#refresh(containerId, asked)
    return null
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!containerIds.has(id)) this.#known.delete(id)
  }

  async #refresh(containerId: string, run: ProcessUser): Promise<void> {
    try {
      run.uid = await this.#runtime.findProcessUser(containerId)
    } catch {
      // Not worth a failed look: what can't be asked is not known.
    }
  }
}

interface ProcessUser {
  readonly startedAtMs: number
  uid: number | null
}

import type { ContainerFacts } from '../../runtime/runtime.js'

/**
 * Since when each process has given no sign of life. Kept from pass to pass, because one look can't tell a slow node from a dead one.
 * A process that has never answered has no silence to count: it is starting.
 */
export class LifeSigns {
  readonly #lastAliveMs = new Map<string, { readonly run: string; readonly atMs: number }>()

  /** Notes one look. `alive` is null when it could not be looked at. @returns since when it is lifeless, or null. */
  note(container: ContainerFacts, alive: boolean | null, atMs: number): number | null {
    const run = `${container.startedAtMs ?? 'never'}`
    const before = this.#lastAliveMs.get(container.containerId)
    if (alive === true) {
      this.#lastAliveMs.set(container.containerId, { run, atMs })
      return null
    }
    if (before === undefined || before.run !== run) return null
    return before.atMs
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const containerId of this.#lastAliveMs.keys())
      if (!containerIds.has(containerId)) this.#lastAliveMs.delete(containerId)
  }
}

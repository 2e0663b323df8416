import type { Clock } from '../clock.js'
import type { BackupRecord } from '../model/backup-record.js'
import type { FlotillaSpec } from '../model/spec.js'
import { backupDueMs } from './due.js'

export interface SchedulerOptions {
  readonly clock: Clock
  readonly recordOf: (flotilla: string) => Promise<BackupRecord>
  /** Takes one, tells what came of it, and never rejects. */
  readonly take: (spec: FlotillaSpec, signal: AbortSignal) => Promise<void>
}

/** Schedules are to the minute; what is remembered may be changed by a verb meanwhile. */
const lookEveryMs = 10_000

/** Takes the backups of all flotillas as their schedules come due, one after the other. */
export class BackupScheduler {
  readonly #options: SchedulerOptions
  readonly #ending = new AbortController()
  readonly #sinceMs = new Map<string, number>()
  #specs: readonly FlotillaSpec[] = []
  #cancel: () => void = () => undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#later()
  }

  /** What manifests ask for now. */
  setSpecs(specs: readonly FlotillaSpec[]): void {
    // One that hibernates has nobody to read, and nothing new.
    this.#specs = specs.filter(({ backup, hibernate }) => backup !== null && !hibernate)
    const names = new Set(this.#specs.map(({ name }) => name))
    for (const name of this.#sinceMs.keys()) if (!names.has(name)) this.#sinceMs.delete(name)
    for (const name of names)
      if (!this.#sinceMs.has(name)) this.#sinceMs.set(name, this.#options.clock.nowMs())
  }

  /** Ends the backup that is under way, whose parts are removed, and begins none. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#cancel()
    await this.#running
  }

  #later(): void {
    this.#cancel = this.#options.clock.after(lookEveryMs, () => {
      // What can't be read now (a disk in trouble) may be at the next look; the daemon does not end for it.
      this.#running = this.#look()
        .catch(() => undefined)
        .finally(() => {
          if (!this.#ending.signal.aborted) this.#later()
        })
    })
  }

  async #look(): Promise<void> {
    const { clock, recordOf, take } = this.#options
    for (const spec of this.#specs) {
      const { signal } = this.#ending
      if (spec.backup === null || signal.aborted) continue
      const sinceMs = this.#sinceMs.get(spec.name) ?? clock.nowMs()
      const dueMs = backupDueMs(spec.backup, await recordOf(spec.name), sinceMs)
      if (dueMs !== null && dueMs <= clock.nowMs()) await take(spec, signal)
    }
  }
}

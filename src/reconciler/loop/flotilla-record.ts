import type { EventSink } from '../../events/catalogue.js'
import { digestOf } from '../../manifest/digest.js'
import { noBackups, type BackupRecord } from '../../model/backup-record.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { desiredPersistence } from '../desired/persistence.js'
import type { StateStore } from '../../state/state-store.js'
import { Semaphore } from '../../semaphore.js'
import type { FlotillaMemory, ManifestMissing } from '../../model/record.js'
import type { Assessment } from './observe-and-plan.js'
import type { FlotillaStatus } from '../../model/status.js'

/**
 * A repair that does not help (an engine that forgets what it was told, a network without a free address) is
 * tried at least so often.
 */
const repeatPauseMsMax = 60_000

/**
 * What one flotilla's passes share: its memory and its last status, on disk and here. One pass at a time
 * touches it; actions of one stage change the memory side by side, and no change may undo another.
 */
export class FlotillaRecord {
  /** What is remembered of its backups, by whoever takes them. */
  backups: BackupRecord = noBackups
  readonly #store: StateStore
  readonly #saving = new Semaphore(1)
  #memory: FlotillaMemory
  #written: FlotillaMemory
  #status: FlotillaStatus | null
  #assessment: Assessment | null = null
  #statusText = ''
  #repeated: { readonly planText: string; readonly times: number; readonly notBeforeMs: number } | null = null

  private constructor(store: StateStore, memory: FlotillaMemory, status: FlotillaStatus | null) {
    this.#store = store
    this.#memory = memory
    this.#written = memory
    this.#status = status
  }

  static async load(store: StateStore, flotilla: string, events: EventSink): Promise<FlotillaRecord> {
    const memory = await store.loadMemory(flotilla, {
      onCorrupt: (problem, movedTo) => events.publish('state.corrupt', { problem, movedTo }, { flotilla }),
    })
    return new FlotillaRecord(store, memory, await store.loadStatus(flotilla))
  }

  get memory(): FlotillaMemory {
    return this.#memory
  }

  get status(): FlotillaStatus | null {
    return this.#status
  }

  /**
   * Writes the changed memory down before anything relies on it; does nothing when `change` returns the same
   * object and nobody has removed the file. `change` has no effects of its own: it is done once more on what
   * was kept while the disk worked.
   */
  saveMemory(
    change: (memory: FlotillaMemory) => FlotillaMemory,
    how: { readonly urgent?: boolean } = {},
  ): Promise<void> {
    return this.#saving.run(async () => {
      const before = this.#memory
      const next = change(before)
      if (next === this.#written && this.#store.memoryExists(next.flotilla)) return
      await this.#store.saveMemory(next, how)
      this.#written = next
      this.#memory = this.#memory === before ? next : change(this.#memory)
    })
  }

  /**
   * Takes what was seen into the memory; on disk it is with the next {@link saveMemory}. Nothing irreversible
   * may rest on it before.
   */
  setMemory(memory: FlotillaMemory): void {
    this.#memory = memory
  }

  /** Takes a spec into force. @returns true when it is another one than before: a new generation. */
  async acceptSpec(spec: FlotillaSpec): Promise<boolean> {
    if (this.#memory.spec !== null && digestOf(this.#memory.spec) === digestOf(spec)) return false
    await this.saveMemory(memory => ({
      ...memory,
      spec,
      generation: memory.generation + 1,
      volumesToRemove: spec.persistence.whenScaled === 'Retain' ? [] : memory.volumesToRemove,
      nodes: memory.nodes.map(({ persistence, ...node }) => ({
        ...node,
        persistence: {
          ...persistence,
          current: persistence.current ?? (memory.spec === null ? null : desiredPersistence(memory.spec)),
        },
      })),
    }))
    return true
  }

  /**
   * Its manifest is missing, or is back (null). Two clocks drift apart: a removal that is moved by less than
   * a second is the same one.
   */
  async recordManifestMissing(missing: ManifestMissing | null): Promise<void> {
    const before = this.#memory.manifestMissing
    if (before === missing) return
    if (before !== null && missing !== null && Math.abs(before.removedAtMs - missing.removedAtMs) < 1_000)
      return
    await this.saveMemory(memory => ({ ...memory, manifestMissing: missing }))
  }

  /**
   * Notes that this plan was carried out. @returns how long the same one is to wait, ms: what has not helped
   * is done again, but later and later.
   */
  recordDone(planText: string, nowMs: number): number {
    const times = this.#repeated?.planText === planText ? this.#repeated.times + 1 : 1
    const pauseMs = times === 1 ? 0 : Math.min(repeatPauseMsMax, 1_000 * 2 ** (times - 2))
    this.#repeated = { planText, times, notBeforeMs: nowMs + pauseMs }
    return pauseMs
  }

  /**
   * How long this plan has to wait still, whoever wakes us: its own changes make events too. Times are of the
   * monotonic clock.
   */
  repeatPauseMs(planText: string, nowMs: number): number {
    return this.#repeated?.planText === planText ? Math.max(0, this.#repeated.notBeforeMs - nowMs) : 0
  }

  /** There is nothing to do: what was done has helped, and the same trouble another time is a new one. */
  recordIdle(): void {
    this.#repeated = null
  }

  /** What the last pass of this process saw and decided; null before the first. */
  get assessment(): Assessment | null {
    return this.#assessment
  }

  setStatus(status: FlotillaStatus, assessment: Assessment): void {
    this.#status = status
    this.#assessment = assessment
  }

  /** Writes the status down, when something that people act on has changed: not for every byte of offset. */
  async saveStatus(): Promise<void> {
    const status = this.#status
    if (status === null) return
    const text = JSON.stringify(withoutNumbers(status))
    if (text === this.#statusText && this.#store.statusExists(status.name)) return
    this.#statusText = text
    await this.#store.saveStatus(status)
  }
}

function withoutNumbers(status: FlotillaStatus): unknown {
  return {
    ...status,
    waitingFor: [],
    nodes: status.nodes.map(node => ({
      ...node,
      offset: null,
      lagBytes: null,
      lagSeconds: null,
      lastIoSeconds: null,
      memory: null,
      connections: null,
      opsPerSecond: null,
      refusedWrites: null,
    })),
    conditions: status.conditions.map(condition => [
      condition.type,
      condition.status,
      condition.reason,
      condition.lastTransitionTime,
    ]),
  }
}

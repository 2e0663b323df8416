import type { Clock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import {
  desiredStateFromRecords,
  updateDesiredState,
  neverDelete,
  type DesiredState,
  type FoldTime,
} from '../manifest/desired-state.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests, type LoadResult } from '../manifest/load.js'
import type { FlotillaSpec } from '../model/spec.js'
import { defaultTiming, watchManifests, type ManifestWatch } from '../manifest/watch.js'
import type { StateStore } from '../state/state-store.js'

/** The specs that an earlier run accepted and nobody has removed since. */
async function rememberedSpecs(store: StateStore): Promise<readonly FlotillaSpec[]> {
  const names = await store.knownFlotillas()
  const memories = await Promise.all(names.map(name => store.peekMemory(name)))
  return memories.flatMap(memory => (memory === null || memory.spec === null ? [] : [memory.spec]))
}

/**
 * What the manifests at `path` ask for now, over what was accepted before. What is missing is only said to
 * be: to remove it is the daemon's, after a grace period.
 */
export async function readDesired(
  path: string,
  store: StateStore,
): Promise<{ readonly desired: DesiredState; readonly load: LoadResult }> {
  const load = await loadManifests(path, store.policy)
  return { desired: updateDesiredState(await acceptedBefore(store), load, neverDelete), load }
}

async function acceptedBefore(store: StateStore): Promise<DesiredState> {
  return desiredStateFromRecords(await rememberedSpecs(store))
}

export interface ManifestSource {
  readonly path: string
  readonly store: StateStore
  readonly events: EventSink
  readonly clock: Clock
  /** For how long a flotilla is kept whose manifest is missing. */
  readonly graceMs: FoldTime['graceMs']
}

/** Follows the manifests and tells what they ask for, first at once and then after every change. */
export async function followManifests(
  source: ManifestSource,
  onDesired: (desired: DesiredState, load: LoadResult) => void,
): Promise<ManifestWatch> {
  const { path, store, events, clock } = source
  const follower = new ManifestFollower(source, await acceptedBefore(store), onDesired)
  const first = await firstLoad(follower, source)
  follower.apply(first)
  const watch = watchManifests({
    ...{ path, policy: store.policy },
    since: first,
    clock,
    onLoad: load => follower.apply(load),
    onError: error => events.publish('manifest.watch-failed', { error: error.message }),
  })
  return {
    checkNow: () => watch.checkNow(),
    async close() {
      follower.close()
      await watch.close()
    },
  }
}

/**
 * A folder that is still being filled (a clone, an rsync, a mount that comes late) looks like one from which
 * something was removed; so do saves later on.
 */
async function firstLoad(
  follower: ManifestFollower,
  { path, store, clock }: ManifestSource,
): Promise<LoadResult> {
  const load = await loadManifests(path, store.policy)
  if (!follower.wouldMiss(load)) return load
  await clock.sleep(defaultTiming.confirmMs)
  return loadManifests(path, store.policy)
}

/**
 * What is wanted from one load to the next: tells what has become of manifests, and comes back by itself when
 * somebody's grace period is over.
 */
class ManifestFollower {
  readonly #source: ManifestSource
  readonly #onDesired: (desired: DesiredState, load: LoadResult) => void
  #desired: DesiredState
  #last: LoadResult | null = null
  #problems: readonly string[] = []
  #cancelRemoval = (): void => undefined
  #closed = false

  constructor(
    source: ManifestSource,
    folded: DesiredState,
    onDesired: (desired: DesiredState, load: LoadResult) => void,
  ) {
    this.#source = source
    this.#desired = folded
    this.#onDesired = onDesired
  }

  wouldMiss(load: LoadResult): boolean {
    return [...this.#fold(load).flotillas.values()].some(({ missing }) => missing !== null)
  }

  apply(load: LoadResult): void {
    const before = this.#desired
    this.#last = load
    this.#desired = this.#fold(load)
    this.#tellProblems()
    this.#tellMissing(before)
    this.#onDesired(this.#desired, load)
    this.#awaitRemoval()
  }

  close(): void {
    this.#closed = true
    this.#cancelRemoval()
  }

  /** By a clock that nobody sets: the time of day may jump by years when a machine has just started. */
  #fold(load: LoadResult): DesiredState {
    const { clock, graceMs } = this.#source
    return updateDesiredState(this.#desired, load, { nowMs: clock.monotonicMs(), graceMs })
  }

  #tellProblems(): void {
    const { events } = this.#source
    const now = this.#desired.diagnostics.map(renderDiagnostic)
    for (const problem of now)
      if (!this.#problems.includes(problem)) events.publish('manifest.invalid', { problem })
    if (now.length === 0 && this.#problems.length > 0) events.publish('manifest.valid', {})
    this.#problems = now
  }

  #tellMissing(before: DesiredState): void {
    const { events } = this.#source
    for (const [flotilla, { spec, missing }] of this.#desired.flotillas) {
      const was = before.flotillas.get(flotilla)?.missing ?? null
      if (missing !== null && was === null) {
        const keptForMs = missing.removedAtMs - missing.sinceMs
        events.publish('manifest.missing', { deletionPolicy: spec.deletionPolicy, keptForMs }, { flotilla })
      }
      if (missing === null && was !== null) events.publish('manifest.returned', {}, { flotilla })
    }
  }

  /**
   * Looks again when the first grace period is over: what is deleted then is missing from the manifests as
   * they are then.
   */
  #awaitRemoval(): void {
    this.#cancelRemoval()
    const ends = [...this.#desired.flotillas.values()].flatMap(({ missing }) => missing?.removedAtMs ?? [])
    if (ends.length === 0 || this.#closed) return
    const { clock } = this.#source
    const inMs = Math.max(0, Math.min(...ends) - clock.monotonicMs())
    this.#cancelRemoval = clock.after(inMs, () => void this.#removeIfStillMissing())
  }

  /**
   * What goes is missing from the manifests as they are now. What has changed in them just now is told by the
   * watch, in its own time.
   */
  async #removeIfStillMissing(): Promise<void> {
    const last = this.#last
    const { path, store } = this.#source
    const now = await loadManifests(path, store.policy)
    if (this.#closed || last === null || this.#last !== last) return
    if (now.fingerprint === last.fingerprint) this.apply(last)
    else
      this.#cancelRemoval = this.#source.clock.after(
        defaultTiming.confirmMs,
        () => void this.#removeIfStillMissing(),
      )
  }
}

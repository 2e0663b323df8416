import { systemClock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import { desiresFromMemory, desire, type Desires } from '../manifest/desired.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests, type LoadResult } from '../manifest/load.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import { watchManifests, type ManifestWatch } from '../manifest/watch.js'
import type { StateStore } from '../state/state-store.js'

/** The specs that an earlier run accepted and nobody has removed since. */
export async function rememberedSpecs(store: StateStore): Promise<readonly FlotillaSpec[]> {
  const names = await store.knownFlotillas()
  const memories = await Promise.all(names.map(name => store.peekMemory(name)))
  return memories.flatMap(memory => (memory === null || memory.spec === null ? [] : [memory.spec]))
}

/** What the manifests at `path` ask for now, over what was accepted before. */
export async function readDesired(
  path: string,
  store: StateStore,
): Promise<{ readonly desired: Desires; readonly load: LoadResult }> {
  const load = await loadManifests(path)
  return { desired: desire(desiresFromMemory(await rememberedSpecs(store)), load), load }
}

/** Follows the manifests and tells what they ask for, first at once and then after every change. */
export async function followManifests(
  source: { readonly path: string; readonly store: StateStore; readonly events: EventSink },
  onDesired: (desired: Desires, load: LoadResult) => void,
): Promise<ManifestWatch> {
  const { path, store, events } = source
  const first = await readDesired(path, store)
  let desired = first.desired
  let problems: readonly string[] = []
  const take = (next: Desires, load: LoadResult): void => {
    desired = next
    const now = next.diagnostics.map(renderDiagnostic)
    for (const problem of now)
      if (!problems.includes(problem)) events.publish('manifest.invalid', { problem })
    if (now.length === 0 && problems.length > 0) events.publish('manifest.valid', {})
    problems = now
    onDesired(next, load)
  }
  take(first.desired, first.load)
  return watchManifests({
    path,
    since: first.load,
    clock: systemClock,
    onLoad: load => take(desire(desired, load), load),
    onTrouble: error => events.publish('manifest.unwatched', { error: error.message }),
  })
}

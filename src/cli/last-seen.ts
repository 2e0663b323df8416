import { resolve } from 'node:path'
import { readDesired } from '../session/manifest-source.js'
import type { FlotillaMemory } from '../model/record.js'
import type { FlotillaStatus } from '../model/status.js'
import { StateStore } from '../state/state-store.js'
import { selectFlotillas } from '../session/manifests.js'
import { ageOf } from './render-nodes.js'
import { renderTable } from './table.js'
import type { Paths } from '../session/open-store.js'
import type { RenderContext } from './render-context.js'

/** A flotilla as it was when it was last looked at, by whoever did. */
export interface LastSeen {
  readonly status: FlotillaStatus
  /** Null when nobody has ever written that down. */
  readonly atMs: number | null
}

/** What the state directory tells of the flotillas named, or of all: for when the engine can't be asked. */
export async function lastSeen(paths: Paths, names: readonly string[]): Promise<readonly LastSeen[]> {
  const store = new StateStore(resolve(paths.state))
  const { desired } = await readDesired(paths.manifests, store)
  const found = await Promise.all(
    selectFlotillas(desired, names, paths.manifests).map(async ({ spec: { name } }) => {
      const status = await store.loadStatus(name)
      return status === null ? [] : [{ status, atMs: lastObservedMs(await store.peekMemory(name)) }]
    }),
  )
  return found.flat()
}

/**
 * The latest moment at which any node is recorded to have answered; where nothing is written to the nodes
 * that may be older than the last look.
 */
function lastObservedMs(memory: FlotillaMemory | null): number | null {
  const seen = (memory?.nodes ?? []).flatMap(({ lineage }) => lineage?.seenAtMs ?? [])
  return seen.length === 0 ? null : Math.max(...seen)
}

export function renderLastSeen(all: readonly LastSeen[], context: RenderContext): string {
  if (all.length === 0) return ''
  const rows = all.map(({ status, atMs }) => [
    status.name,
    ...[atMs === null ? 'unknown' : `${ageOf(timeOf(atMs), context.nowMs)} ago`, `was ${status.phase}`],
    ...[status.master ?? '-', onlineOf(status)],
  ])
  const table = renderTable(['NAME', 'LAST-SEEN', 'PHASE', 'MASTER', 'READY'], rows)
  return `The engine does not answer. This is how it was, and may be so no longer:\n\n${table}\n`
}

/** As `status -o json`, with when it was so. */
export function lastSeenFacts(all: readonly LastSeen[]): object {
  return {
    stale: true,
    flotillas: all.map(({ status, atMs }) => ({
      ...status,
      lastSeen: atMs === null ? null : timeOf(atMs),
    })),
  }
}

function onlineOf({ nodes }: FlotillaStatus): string {
  return `${nodes.filter(({ health }) => health === 'online').length}/${nodes.length}`
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString()
}

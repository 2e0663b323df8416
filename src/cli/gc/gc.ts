import { systemClock } from '../../clock.js'
import { explainError } from '../../errors.js'
import { removeSetAside } from '../../reconciler/execute/set-aside-folders.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { Output } from '../output.js'
import { formatAge, formatBytes } from '../quantities.js'
import type { Places } from '../open-store.js'
import { openSession, type Environment } from '../session.js'
import { renderTable } from '../table.js'
import { findGarbage, type Garbage, type Sorted } from './garbage.js'
import { gatherBelongings } from './gather.js'

export interface GcRequest {
  readonly places: Places
  readonly env: Environment
  readonly yes: boolean
  readonly format: 'text' | 'json'
}

/** Lists what is ours and wanted by nobody, and with `yes` removes it. @returns false when something could not be removed. */
export async function collectGarbage(request: GcRequest, output: Output): Promise<boolean> {
  const session = await openSession(request.places, request.env)
  try {
    const sorted = findGarbage(await gatherBelongings(session, request.places.manifests))
    output.result(request.format === 'json' ? renderJson(sorted) : renderText(sorted, output))
    if (sorted.unwanted.length === 0) return true
    if (!request.yes) {
      output.note('nothing was removed; to remove it: flotilla gc --yes')
      return true
    }
    return await removeAll(session.runtime, sorted.unwanted, output)
  } finally {
    session.close()
  }
}

/** Each by itself, so that one that is refused keeps no other. The engine has the last word: it removes no volume or network that is in use. */
async function removeAll(runtime: Runtime, items: readonly Garbage[], output: Output): Promise<boolean> {
  let all = true
  for (const item of items)
    try {
      await remove(runtime, item)
      output.note(`removed ${wordFor(item)} ${item.name}`)
    } catch (error) {
      all = false
      output.note(`${wordFor(item)} ${item.name} stays: ${explainError(error)}`)
    }
  return all
}

async function remove(runtime: Runtime, item: Garbage): Promise<void> {
  switch (item.kind) {
    case 'volume':
      return runtime.removeVolume(item.name)
    case 'network':
      return runtime.removeNetwork(item.name)
    case 'set-aside':
      return removeSetAside(runtime, item, {
        nowMs: systemClock.nowMs(),
        signal: AbortSignal.timeout(120_000),
      })
  }
}

export function renderText({ unwanted, kept }: Sorted, { columns }: Pick<Output, 'columns'>): string {
  const rows = unwanted.map(item => [
    wordFor(item),
    item.name,
    item.sinceMs === null ? '-' : formatAge(systemClock.nowMs() - item.sinceMs),
    item.sizeBytes === null ? '-' : formatBytes(item.sizeBytes),
    item.because,
  ])
  const table =
    rows.length === 0
      ? 'nothing of ours is wanted by nobody'
      : renderTable(['WHAT', 'NAME', 'AGE', 'SIZE', 'BECAUSE'], rows, { columns, flexible: 4 })
  const keeps = kept.map(({ name, because }) => `kept: ${name}: ${because}`)
  return `${[table, ...keeps].join('\n')}\n`
}

function renderJson({ unwanted, kept }: Sorted): string {
  const things = unwanted.map(item => ({
    kind: item.kind,
    name: item.name,
    flotilla: item.flotilla,
    because: item.because,
    since: item.sinceMs === null ? null : new Date(item.sinceMs).toISOString(),
    sizeBytes: item.sizeBytes,
  }))
  const keeps = kept.map(({ name, because }) => ({ name, because }))
  return `${JSON.stringify({ unwanted: things, kept: keeps }, null, 2)}\n`
}

function wordFor({ kind }: Garbage): string {
  return kind === 'set-aside' ? 'data set aside' : kind
}

import { systemClock } from '../../clock.js'
import { explainError } from '../../errors.js'
import { removeArchive } from '../../reconciler/execute/archive-folders.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { Output } from '../output.js'
import { formatAge, formatBytes } from '../../units.js'
import type { Paths } from '../../session/open-store.js'
import { openSession, type Environment } from '../../session/session.js'
import { renderTable } from '../table.js'
import { findGarbage, type Garbage, type GcResult } from './garbage.js'
import { gatherGcInput } from './gather-input.js'

export interface GcRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly yes: boolean
  readonly format: 'text' | 'json'
}

/**
 * Lists what is ours and wanted by nobody, and with `yes` removes it. @returns false when something could not
 * be removed.
 */
export async function collectGarbage(request: GcRequest, output: Output): Promise<boolean> {
  const session = await openSession(request.paths, request.env)
  try {
    const result = findGarbage(await gatherGcInput(session, request.paths.manifests))
    output.result(request.format === 'json' ? renderJson(result) : renderText(result, output))
    if (result.unwanted.length === 0) return true
    if (!request.yes) {
      output.note('nothing was removed; to remove it: flotilla gc --yes')
      return true
    }
    return await removeAll(session.runtime, result.unwanted, output)
  } finally {
    session.close()
  }
}

/**
 * Each by itself, so that one that is refused keeps no other. The engine has the last word: it removes no
 * volume or network that is in use.
 */
async function removeAll(runtime: Runtime, items: readonly Garbage[], output: Output): Promise<boolean> {
  let all = true
  for (const item of items)
    try {
      await remove(runtime, item)
      output.note(`removed ${labelFor(item)} ${item.name}`)
    } catch (error) {
      all = false
      output.note(`${labelFor(item)} ${item.name} stays: ${explainError(error)}`)
    }
  return all
}

async function remove(runtime: Runtime, item: Garbage): Promise<void> {
  switch (item.kind) {
    case 'volume':
      return runtime.removeVolume(item.name)
    case 'network':
      return runtime.removeNetwork(item.name)
    case 'gateway':
      await runtime.stopContainer(item.containerId, { graceMs: 2_000 })
      return runtime.removeContainer(item.containerId)
    case 'archive':
      return removeArchive(runtime, item, {
        nowMs: systemClock.nowMs(),
        signal: AbortSignal.timeout(120_000),
      })
  }
}

export function renderText({ unwanted, kept }: GcResult, { columns }: Pick<Output, 'columns'>): string {
  const rows = unwanted.map(item => [
    labelFor(item),
    item.name,
    item.sinceMs === null ? '-' : formatAge(systemClock.nowMs() - item.sinceMs),
    item.sizeBytes === null ? '-' : formatBytes(item.sizeBytes),
    item.reason,
  ])
  const table =
    rows.length === 0
      ? 'nothing of ours is wanted by nobody'
      : renderTable(['WHAT', 'NAME', 'AGE', 'SIZE', 'REASON'], rows, { columns, flexible: 4 })
  const keeps = kept.map(({ name, reason }) => `kept: ${name}: ${reason}`)
  return `${[table, ...keeps].join('\n')}\n`
}

function renderJson({ unwanted, kept }: GcResult): string {
  const things = unwanted.map(item => ({
    kind: item.kind,
    name: item.name,
    flotilla: item.flotilla,
    reason: item.reason,
    since: item.sinceMs === null ? null : new Date(item.sinceMs).toISOString(),
    sizeBytes: item.sizeBytes,
  }))
  const keeps = kept.map(({ name, reason }) => ({ name, reason }))
  return `${JSON.stringify({ unwanted: things, kept: keeps }, null, 2)}\n`
}

function labelFor({ kind }: Garbage): string {
  return kind === 'archive' ? 'archive' : kind
}

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventCode } from '../catalogue.js'
import type { Segment } from './segments.js'

/**
 * What someone requests about months later: who was master and why, what was lost or set aside, what was
 * held, what was asked for. Everything else is kept as long as there is room: a node that crashes every
 * minute would push out all of these within a week.
 */
const retainedCodes: readonly EventCode[] = [
  ...(['master.promoted', 'master.changed', 'failover.started', 'operation.aborted'] as const),
  ...(['data.lost', 'data.archived', 'data.owner-changed', 'state.corrupt', 'state.restored'] as const),
  ...(['flotilla.held', 'flotilla.released', 'flotilla.removed'] as const),
  ...([
    'manifest.loaded',
    'manifest.missing',
    'manifest.deleted',
    'rollout.done',
    'image.tag-moved',
  ] as const),
  ...(['request.received', 'request.completed', 'password.rotated', 'password.retired'] as const),
]

const retained = new Set<string>(retainedCodes)

/**
 * Makes one file of the oldest ones, with the lasting events of all of them: the newest that fit into
 * `bytesMax`. It has the name of the first, so readers find them where they were, and whoever is killed
 * between the two steps leaves events twice, which readers see once (segments.ts). On a disk that takes no
 * more the first stays as it is, and what lasts in the others goes with them.
 */
export function compact(folder: string, oldest: readonly Segment[], bytesMax: number): void {
  const [first, ...others] = oldest
  if (first === undefined) return
  const tempPath = join(folder, 'compacted.tmp')
  try {
    const lines = oldest.flatMap(retainedLines)
    writeFileSync(tempPath, newestOf(lines, bytesMax), { mode: 0o600 })
    renameSync(tempPath, first.path)
  } catch {
    rmSync(tempPath, { force: true })
  }
  for (const { path } of others) rmSync(path, { force: true })
}

/**
 * By the start of the line, which renderRecord always writes in this order: half a megabyte of JSON is not
 * worth a pause of the daemon.
 */
const head = /^\{"id":(\d+),"time":"[^"]*","level":"[a-z]+","event":"([a-z.-]+)"/

function retainedLines({ path, endId }: Segment): readonly string[] {
  // What follows the last line break is half a line, or nothing.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.filter(line => {
    const [, id, code = ''] = head.exec(line) ?? []
    return retained.has(code) && Number(id) < endId
  })
}

function newestOf(lines: readonly string[], bytesMax: number): string {
  let bytes = 0
  const tooOld = lines.findLastIndex(line => (bytes += Buffer.byteLength(line) + 1) > bytesMax)
  return lines
    .slice(tooOld + 1)
    .map(line => `${line}\n`)
    .join('')
}

import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { watch } from 'chokidar'
import { z } from 'zod'
import type { Request } from '../model/record.js'
import { diskFiles, writeFileAtomically, type StateFiles } from '../files.js'

/**
 * What a person asks the daemon for: a change of masters, that it holds still, that nodes or passwords are
 * renewed; or that it forgets such a request.
 */
export type OperatorRequest = Request | PauseRequest | RestartRequest | RotateRequest | WithdrawRequest

interface RequestBase {
  readonly requestId: string
  readonly atMs: number
  /**
   * After this nobody waits for it any more, and it is not begun. Null: it is left for whoever keeps the
   * flotilla next, and the asker was told so.
   */
  readonly timeoutMs: number | null
}

export interface PauseRequest extends RequestBase {
  readonly kind: 'pause' | 'resume'
}

/**
 * Recreate a node, gently, and forget that it crashed; `node` null means every node, one after the other.
 */
export interface RestartRequest extends RequestBase {
  readonly kind: 'restart'
  readonly node: number | null
}

/** Make new passwords of these users. */
export interface RotateRequest extends RequestBase {
  readonly kind: 'rotate'
  readonly users: readonly string[]
}

/** Whoever asked for `withdrawn` has given up: it is not begun any more. */
export interface WithdrawRequest extends RequestBase {
  readonly kind: 'withdraw'
  readonly withdrawn: string
}

const timeoutMs = z.number().nullable().prefault(null)
const frame = { requestId: z.string(), atMs: z.number(), timeoutMs }
const request = z.discriminatedUnion('kind', [
  z.object({
    ...frame,
    kind: z.enum(['switchover', 'failover', 'take-over', 'approve']),
    to: z.int().nullable(),
    force: z.boolean(),
    timeoutMs: z.number(),
  }),
  z.object({ ...frame, kind: z.literal('restart'), node: z.int().nullable() }),
  z.object({ ...frame, kind: z.literal('rotate'), users: z.array(z.string()) }),
  z.object({ ...frame, kind: z.enum(['pause', 'resume']) }),
  z.object({ ...frame, kind: z.literal('withdraw'), withdrawn: z.string() }),
])

/**
 * Asks are files, `requests/<flotilla>.<request id>.json` in the state directory: they reach a daemon that
 * runs, wait for one that doesn't, and whoever may write there may ask.
 */
export async function submitRequest(
  directory: string,
  flotilla: string,
  wanted: OperatorRequest,
): Promise<void> {
  const path = join(folderOf(directory), `${flotilla}.${wanted.requestId}.json`)
  await writeFileAtomically(path, `${JSON.stringify(wanted)}\n`, { mode: 0o600 })
}

/**
 * Takes away all that is asked of a flotilla, the oldest first. What is no ask is taken away too, and
 * forgotten.
 */
export async function takeRequests(
  files: StateFiles,
  directory: string,
  flotilla: string,
): Promise<readonly OperatorRequest[]> {
  const folder = folderOf(directory)
  // A folder that can't be read must not keep anybody from healing a flotilla: whoever asks is told that
  // nobody answers.
  const names = (await files.list(folder).catch(() => null)) ?? []
  const texts = await Promise.all(
    names.filter(name => flotillaOf(name) === flotilla).map(name => takeFile(files, join(folder, name))),
  )
  return texts.flatMap(text => parseRequest(text) ?? []).sort((a, b) => a.atMs - b.atMs)
}

/**
 * Takes an ask back. @returns false when it was taken already: then the keeper has to be asked to forget it.
 */
export async function withdrawRequest(
  directory: string,
  flotilla: string,
  requestId: string,
): Promise<boolean> {
  const path = join(folderOf(directory), `${flotilla}.${requestId}.json`)
  return (await takeFile(diskFiles, path)) !== null
}

/** Of two who take a file away, by renaming it, one gets it; the other is told null. */
async function takeFile(files: StateFiles, path: string): Promise<string | null> {
  const taken = join(path, '..', `.${randomUUID()}.taken`)
  await files.rename(path, taken)
  const text = await files.read(taken)
  if (text !== null) await files.remove(taken)
  return text
}

function parseRequest(text: string | null): OperatorRequest | null {
  if (text === null) return null
  try {
    return request.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Calls `onRequest` with the flotilla's name soon after somebody has asked. */
export async function watchRequests(
  directory: string,
  onRequest: (flotilla: string) => void,
): Promise<{ close(): Promise<void> }> {
  // A watch on a folder that is not there yet never fires.
  await mkdir(folderOf(directory), { recursive: true, mode: 0o700 })
  const watcher = watch(folderOf(directory), { depth: 0, ignoreInitial: false })
  watcher.on('all', (_event, path) => {
    const flotilla = flotillaOf(basename(path))
    if (flotilla !== null) onRequest(flotilla)
  })
  watcher.on('error', () => undefined)
  return { close: () => watcher.close() }
}

/** Without a request id between the name and the ending it is of an earlier version. */
function flotillaOf(fileName: string): string | null {
  return /^([a-z0-9-]+)(?:\.[A-Za-z0-9-]+)?\.json$/.exec(fileName)?.[1] ?? null
}

function folderOf(directory: string): string {
  return join(directory, 'requests')
}

import { mkdir } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { watch } from 'chokidar'
import { z } from 'zod'
import type { Request } from '../reconciler/memory.js'
import { writeFileAtomically, type StateFiles } from './files.js'

/** What a person asks the daemon for: a change of masters, or that it holds still. */
export type Ask = Request | PauseAsk | RestartAsk | RotateAsk

export interface PauseAsk {
  readonly kind: 'pause' | 'resume'
  readonly requestId: string
  readonly atMs: number
}

/** Make a node anew, gently, and forget that it crashed; `node` null means every node, one after the other. */
export interface RestartAsk {
  readonly kind: 'restart'
  readonly node: number | null
  readonly requestId: string
  readonly atMs: number
}

/** Make new passwords of these users. */
export interface RotateAsk {
  readonly kind: 'rotate'
  readonly users: readonly string[]
  readonly requestId: string
  readonly atMs: number
}

export function isPauseAsk(ask: Ask): ask is PauseAsk {
  return ask.kind === 'pause' || ask.kind === 'resume'
}

const ask = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['switchover', 'failover', 'take-over']),
    requestId: z.string(),
    to: z.int().nullable(),
    force: z.boolean(),
    atMs: z.number(),
    timeoutMs: z.number(),
  }),
  z.object({ kind: z.literal('restart'), node: z.int().nullable(), requestId: z.string(), atMs: z.number() }),
  z.object({
    kind: z.literal('rotate'),
    users: z.array(z.string()),
    requestId: z.string(),
    atMs: z.number(),
  }),
  z.object({ kind: z.enum(['pause', 'resume']), requestId: z.string(), atMs: z.number() }),
])

/**
 * Asks are files, `requests/<flotilla>.json` in the state directory: they reach a daemon that runs, wait for one that doesn't, and whoever may write there may
 * ask. A newer one replaces one that was not taken yet.
 */
export async function submitAsk(directory: string, flotilla: string, wanted: Ask): Promise<void> {
  await writeFileAtomically(pathOf(directory, flotilla), `${JSON.stringify(wanted)}\n`, { mode: 0o600 })
}

/** Takes the ask away and returns it; null when there is none, or it is not one (then it is gone too). */
export async function takeAsk(files: StateFiles, directory: string, flotilla: string): Promise<Ask | null> {
  const path = pathOf(directory, flotilla)
  // Asked at every pass, and there is nearly never one: a look is cheaper than an error.
  if (!files.isThere(path)) return null
  const text = await files.read(path)
  if (text === null) return null
  await files.remove(path)
  try {
    return ask.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Calls `onAsk` with the flotilla's name soon after somebody has asked. */
export async function watchAsks(
  directory: string,
  onAsk: (flotilla: string) => void,
): Promise<{ close(): Promise<void> }> {
  // A watch on a folder that is not there yet never fires.
  await mkdir(join(directory, 'requests'), { recursive: true, mode: 0o700 })
  const watcher = watch(join(directory, 'requests'), { depth: 0, ignoreInitial: false })
  watcher.on('all', (_event, path) => {
    const { name, ext } = parse(path)
    if (ext === '.json' && /^[a-z0-9-]+$/.test(name)) onAsk(name)
  })
  watcher.on('error', () => undefined)
  return { close: () => watcher.close() }
}

function pathOf(directory: string, flotilla: string): string {
  return join(directory, 'requests', `${flotilla}.json`)
}

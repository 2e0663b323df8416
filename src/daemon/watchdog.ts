import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { EventSink } from '../events/catalogue.js'

/** What the thread beside the event loop is given. */
export interface WatchdogData {
  /** One number that changes with each turn of the loop. */
  readonly heartbeats: Int32Array
  /** For so many looks in a row the loop may stand still. */
  readonly checksMax: number
  readonly checkIntervalMs: number
  /** Where it says why it ended the process. */
  readonly recordPath: string
}

/** What a watchdog has left behind for the next start. */
export interface StallRecord {
  readonly at: string
  readonly stalledMs: number
  /**
   * The functions that the loop was in, the innermost first; null where it could not be stopped, as in a call
   * of the system.
   */
  readonly where: string | null
}

/**
 * Longer than any honest work takes: a master waits for a failover all that time. A disk that is dying may
 * hold an fsync for seconds, and to be started again does not make it quicker.
 */
export const defaultLimitMs = 10_000
const checkIntervalMs = 500

/**
 * Ends this process when its event loop stands still: nothing else in it would notice, and nobody would look
 * after the nodes. Whoever started the daemon starts it again.
 * @returns to be called with each turn of the loop.
 */
export function startWatchdog(stateDirectory: string, limitMs: number = defaultLimitMs): () => void {
  const heartbeats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: WatchdogData = {
    heartbeats,
    checksMax: Math.ceil(limitMs / checkIntervalMs),
    checkIntervalMs,
    recordPath: recordPath(stateDirectory),
  }
  const worker = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
    workerData,
    // What this process was started with is not meant for it.
    execArgv: [],
    // It holds next to nothing, and a thread is given as much as a process otherwise.
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  })
  // A daemon without a watchdog is better than none.
  worker.on('error', () => undefined)
  worker.unref()
  return () => void Atomics.add(heartbeats, 0, 1)
}

/** Tells why the daemon before this one ended, if its watchdog ended it; once. */
export async function reportLastStall(stateDirectory: string, events: EventSink): Promise<void> {
  const path = recordPath(stateDirectory)
  try {
    const { at, stalledMs, where } = JSON.parse(await readFile(path, 'utf8')) as StallRecord
    events.publish('daemon.stalled', { at, stalledMs, where })
  } catch {
    // There is none, or it was cut short: then the process before us was not ended in this way, or not for
    // long enough to say so.
  }
  rmSync(path, { force: true })
}

function recordPath(stateDirectory: string): string {
  return join(stateDirectory, 'watchdog.stalled')
}

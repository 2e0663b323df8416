/**
 * Tells when what the manifests say has changed, once per save, whatever the editor does: writes in place,
 * truncates first, renames a new file over the old one, or swaps a link (as Kubernetes does with a
 * ConfigMap's `..data`).
 *
 * File events only say when to look. What decides is the content: a load with the fingerprint of the last one
 * is no news. A slow poll of names, sizes and times does the same, because no event comes from a directory
 * that is not there yet, or was unmounted and came back, and none from many network file systems.
 *
 * A load in which a flotilla has disappeared is told only when a second look finds the same: editors remove a
 * file for a moment while they save it.
 */
import { stat, readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { watch } from 'chokidar'
import type { FSWatcher } from 'chokidar'
import type { Clock } from '../clock.js'
import { isManifestName, loadManifests } from './load.js'
import type { LoadResult } from './load.js'
import type { Policy } from './policy.js'

export interface ManifestWatch {
  /** Looks now, whatever the file system has told; what has not changed is still no news. */
  checkNow(): void
  /** After this no callback is called. */
  close(): Promise<void>
}

export interface WatchOptions {
  /** A manifest, or a directory of them; need not exist. */
  readonly path: string
  /** What their authors may ask for; left out: the default. */
  readonly policy?: Policy
  /** The load that the caller acts on already: only what differs from it is told. */
  readonly since: LoadResult
  readonly onLoad: (load: LoadResult) => void
  /**
   * File events can't be had (the limit on watches, say). Changes are still found, at the pace of the poll.
   */
  readonly onError: (error: Error) => void
  readonly clock: Clock
  readonly timing?: WatchTiming
}

export interface WatchTiming {
  /** Quiet time after the last event of a save. */
  readonly debounceMs: number
  /** A save that never gets quiet is looked at after this all the same. */
  readonly debounceMsMax: number
  readonly pollMs: number
  /** How long a disappearance must last to be believed. */
  readonly confirmMs: number
}

/** 100 ms is above what editors need for one save, and below what a person notices. */
export const defaultTiming: WatchTiming = {
  debounceMs: 100,
  debounceMsMax: 1000,
  pollMs: 2000,
  confirmMs: 500,
}

export function watchManifests(options: WatchOptions): ManifestWatch {
  const watcher = new ManifestWatcher(options)
  watcher.start()
  return watcher
}

class ManifestWatcher implements ManifestWatch {
  readonly #options: WatchOptions
  readonly #timing: WatchTiming
  #reported: LoadResult
  #events: FSWatcher | null = null
  /**
   * Device and inode of the folder that `#events` watches: another one under the same name needs a new watch.
   */
  #watchedFolder: string | null = null
  #signature: string | null = null
  #suspect: { readonly fingerprint: string; readonly sinceMs: number } | null = null
  #cancelPoll = (): void => {}
  #cancelCheck = (): void => {}
  #firstEventAtMs: number | null = null
  #checking: Promise<void> | null = null
  #checkAgain = false
  #closed = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#timing = options.timing ?? defaultTiming
    this.#reported = options.since
  }

  start(): void {
    void this.#poll()
  }

  checkNow(): void {
    if (!this.#closed) this.#check()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelPoll()
    this.#cancelCheck()
    await this.#events?.close()
    await this.#checking
  }

  async #poll(): Promise<void> {
    const { folder, signature } = await this.#survey()
    if (this.#closed) return
    if (folder !== this.#watchedFolder) await this.#watchFolder(folder)
    if (this.#closed) return
    if (signature !== this.#signature) this.#wake()
    this.#signature = signature
    this.#cancelPoll = this.#options.clock.after(this.#timing.pollMs, () => void this.#poll())
  }

  /** Names, sizes and times of what would be read; costs one readdir and a stat per manifest. */
  async #survey(): Promise<{ readonly folder: string | null; readonly signature: string }> {
    try {
      const { folder, names } = await this.#whatToWatch()
      const { dev, ino } = await stat(folder)
      const marks = await Promise.all(
        names.map(async name => `${name} ${await statSignature(join(folder, name))}`),
      )
      return { folder: `${dev}:${ino}`, signature: marks.join('\n') }
    } catch {
      return { folder: null, signature: 'missing' }
    }
  }

  async #whatToWatch(): Promise<{ readonly folder: string; readonly names: readonly string[] }> {
    const path = resolve(this.#options.path)
    if (!(await stat(path)).isDirectory()) return { folder: dirname(path), names: [basename(path)] }
    return { folder: path, names: (await readdir(path)).filter(isManifestName).sort() }
  }

  async #watchFolder(identity: string | null): Promise<void> {
    await this.#events?.close()
    this.#events = null
    this.#watchedFolder = identity
    if (identity === null || this.#closed) return
    const { folder, names } = await this.#whatToWatch().catch(() => ({ folder: null, names: [] }))
    if (folder === null || this.#closed) return
    const single = folder === resolve(this.#options.path) ? null : names[0]
    const events = watch(folder, {
      depth: 0,
      ignoreInitial: true,
      ignored: entry => entry !== folder && !matters(basename(entry), single ?? null),
    })
    // Between the load that we were given and now anything may have happened.
    events.on('ready', () => this.#wake())
    events.on('all', () => this.#wake())
    events.on('error', error => {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)))
    })
    this.#events = events
  }

  /** Looks when it has been quiet for a moment, or after `debounceMsMax` when it never is. */
  #wake(): void {
    if (this.#closed) return
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.#firstEventAtMs ??= nowMs
    const leftMs = this.#firstEventAtMs + this.#timing.debounceMsMax - nowMs
    this.#cancelCheck()
    this.#cancelCheck = clock.after(Math.max(0, Math.min(this.#timing.debounceMs, leftMs)), () => {
      this.#firstEventAtMs = null
      this.#check()
    })
  }

  /** One look at a time; what happens meanwhile gets another one. */
  #check(): void {
    if (this.#checking !== null) {
      this.#checkAgain = true
      return
    }
    this.#checking = this.#checkOnce().finally(() => {
      this.#checking = null
      if (this.#checkAgain) this.#wake()
      this.#checkAgain = false
    })
  }

  async #checkOnce(): Promise<void> {
    const load = await loadManifests(this.#options.path, this.#options.policy)
    if (this.#closed) return
    if (load.fingerprint === this.#reported.fingerprint) {
      this.#suspect = null
      return
    }
    const waitMs = losesFlotilla(this.#reported, load) ? this.#msUntilBelieved(load.fingerprint) : 0
    if (waitMs > 0) {
      this.#cancelCheck()
      this.#cancelCheck = this.#options.clock.after(waitMs, () => this.#check())
      return
    }
    this.#suspect = null
    this.#reported = load
    if (load.kind === 'missing' || load.kind === 'unreadable') this.#forgetFolder()
    this.#options.onLoad(load)
  }

  /**
   * A folder that went away took its watch with it, and may be back, the very same, before a poll has missed
   * it.
   */
  #forgetFolder(): void {
    this.#watchedFolder = null
    this.#signature = null
  }

  #msUntilBelieved(fingerprint: string): number {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#suspect?.fingerprint !== fingerprint) this.#suspect = { fingerprint, sinceMs: nowMs }
    return this.#suspect.sinceMs + this.#timing.confirmMs - nowMs
  }
}

/** `..data` and its like are the links that Kubernetes swaps. */
function matters(name: string, single: string | null): boolean {
  return name.startsWith('..') || (single === null ? isManifestName(name) : name === single)
}

async function statSignature(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file)
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return 'gone'
  }
}

/** Whether a flotilla that `before` declares is in no document of `after`. */
function losesFlotilla(before: LoadResult, after: LoadResult): boolean {
  const left = new Set(namesIn(after))
  return namesIn(before).some(name => !left.has(name))
}

function namesIn(load: LoadResult): readonly string[] {
  if (load.kind !== 'loaded') return []
  return load.files.flatMap(file =>
    file.kind === 'parsed' ? file.declared.map(declared => declared.spec.name) : [],
  )
}

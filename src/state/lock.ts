import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import { errorCode, FlotillaError } from '../errors.js'
import { errno, readFileIfExists, unwritable } from '../files.js'

/** Who works on a state directory. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  /**
   * Start of the process in clock ticks since boot (Linux), so that a pid that was given out again is not
   * mistaken for the holder.
   */
  readonly startTicks: string | null
  readonly command: string
  readonly sinceMs: number
}

export interface StateLock {
  /** Resolves, if ever, with who holds it instead: a host that slept may have been taken for dead. */
  readonly lost: Promise<LockHolder>
  release(): Promise<void>
}

export interface LockClaim {
  readonly pid: number
  readonly host: string
  readonly command: string
}

/**
 * The holder touches the file this often. One on another host (a container with the same directory) counts as
 * gone after three misses.
 */
const heartbeatMs = 10_000
const remoteStaleMs = 35_000
/** How soon somebody who waits sees that the holder is gone. */
const waitPollMs = 250
/** To remove the file of a dead holder takes no time; who is at it for this long has died over it. */
const removalStaleMs = 10_000

/**
 * Makes this process the only one that acts on a state directory.
 * @throws FlotillaError state/locked, naming the holder's pid; state/unwritable.
 */
export async function lockState(directory: string, self: LockClaim, clock: Clock): Promise<StateLock> {
  const path = lockPath(directory)
  const holder: LockHolder = { ...self, startTicks: startTicksOf(self.pid), sinceMs: clock.nowMs() }
  await prepareDirectory(directory)
  for (let tries = 0; tries < 20; tries++) {
    if (await tryLink(path, holder)) return heldLock(path, holder, clock)
    const other = await readLockHolder(directory, clock)
    if (other !== null && other.alive) throw lockedError(directory, other.holder)
    await removeDead(directory, clock)
  }
  throw new FlotillaError(
    'state/locked',
    `the state directory ${directory} is being taken by several at once`,
    { hint: 'Try again.' },
  )
}

/**
 * Waits until nobody holds the directory, then makes this process the one.
 * @returns null when `signal` is aborted before.
 * @throws FlotillaError state/unwritable.
 */
export async function waitForLock(
  directory: string,
  self: LockClaim,
  context: {
    readonly clock: Clock
    readonly signal: AbortSignal
    /** Hears of each holder that is waited for. */
    readonly onWaiting: (holder: LockHolder) => void
  },
): Promise<StateLock | null> {
  const { clock, signal, onWaiting } = context
  let told: LockHolder | null = null
  while (!signal.aborted) {
    const other = await readLockHolder(directory, clock)
    if (other === null || !other.alive) {
      const lock = await lockUnlessTaken(directory, self, clock)
      if (lock !== null) return lock
    } else if (told === null || !isSameHolder(told, other.holder)) {
      told = other.holder
      onWaiting(told)
    }
    await clock.sleep(waitPollMs, signal)
  }
  return null
}

async function lockUnlessTaken(directory: string, self: LockClaim, clock: Clock): Promise<StateLock | null> {
  try {
    return await lockState(directory, self, clock)
  } catch (error) {
    if (errorCode(error) !== 'state/locked') throw error
    return null
  }
}

/** Who holds the directory now, and whether that process still lives; null when nobody does. */
export async function readLockHolder(
  directory: string,
  clock: Clock,
): Promise<{ readonly holder: LockHolder; readonly alive: boolean } | null> {
  const path = lockPath(directory)
  const holder = await readHolder(path)
  return holder === null ? null : { holder, alive: await isAlive(path, holder, clock) }
}

/** Null for a file that is not there or tells of nobody. */
async function readHolder(path: string): Promise<LockHolder | null> {
  const text = await readFileIfExists(path)
  return text === null ? null : parseHolder(text)
}

function parseHolder(text: string): LockHolder | null {
  try {
    return JSON.parse(text) as LockHolder
  } catch {
    return null
  }
}

/**
 * Who finds a dead holder removes its file, and may be so late that the file is somebody else's by then: one
 * at a time looks again and removes.
 */
async function removeDead(directory: string, clock: Clock): Promise<void> {
  const path = lockPath(directory)
  const turn = `${path}.removal`
  try {
    await writeFile(turn, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw unwritable(turn, error)
    const { mtimeMs } = await stat(turn).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (clock.nowMs() - mtimeMs > removalStaleMs) await rm(turn, { force: true })
    return
  }
  try {
    // What is not there now may be there the next moment, and somebody's. What tells of nobody stays so.
    const text = await readFileIfExists(path)
    if (text === null) return
    const holder = parseHolder(text)
    if (holder === null || !(await isAlive(path, holder, clock))) await rm(path, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

async function isAlive(path: string, holder: LockHolder, clock: Clock): Promise<boolean> {
  if (holder.host !== hostname()) {
    const touched = await stat(path).catch(() => null)
    return touched !== null && clock.nowMs() - touched.mtimeMs < remoteStaleMs
  }
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (errno(error) !== 'EPERM') return false
  }
  const ticks = startTicksOf(holder.pid)
  return ticks === null || holder.startTicks === null || ticks === holder.startTicks
}

async function tryLink(path: string, holder: LockHolder): Promise<boolean> {
  // Two containers that share the directory may both be process 1.
  const tempPath = `${path}.${randomUUID()}`
  try {
    await writeFile(tempPath, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
    await link(tempPath, path)
    return true
  } catch (error) {
    if (errno(error) === 'EEXIST') return false
    throw unwritable(path, error)
  } finally {
    await rm(tempPath, { force: true }).catch(() => undefined)
  }
}

function heldLock(path: string, holder: LockHolder, clock: Clock): StateLock {
  let cancel: () => void = () => undefined
  let onLost: (other: LockHolder) => void
  const lost = new Promise<LockHolder>(resolve => (onLost = resolve))
  const heartbeat = async (): Promise<void> => {
    const other = await readHolder(path)
    // Somebody has removed it: without it a second Flotilla could start beside this one.
    if (other === null) await tryLink(path, holder)
    else if (!isSameHolder(other, holder)) return onLost(other)
    else await touch(path, clock)
    beat()
  }
  const beat = (): void => {
    cancel = clock.after(heartbeatMs, () => void heartbeat().catch(beat))
  }
  beat()
  return {
    lost,
    async release() {
      cancel()
      const now = await readHolder(path)
      if (now !== null && isSameHolder(now, holder)) await rm(path, { force: true })
    },
  }
}

async function touch(path: string, clock: Clock): Promise<void> {
  const now = new Date(clock.nowMs())
  await utimes(path, now, now)
}

function isSameHolder(one: LockHolder, other: LockHolder): boolean {
  return one.pid === other.pid && one.host === other.host && one.sinceMs === other.sinceMs
}

export function lockedError(directory: string, holder: LockHolder): FlotillaError {
  return new FlotillaError(
    'state/locked',
    `another Flotilla (${holder.command}, pid ${holder.pid} on ${holder.host}, since ${new Date(holder.sinceMs).toISOString()}) works on the state directory ${directory}`,
    {
      hint: `Use that one (flotilla status), wait for its end (flotilla run --standby), stop it (kill ${holder.pid}), or name another directory with --state.`,
    },
  )
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await restrictToOwner(directory)
  } catch (error) {
    throw unwritable(directory, error)
  }
}

/**
 * The folder of a clone is everybody's to read. Where it is not ours to close it is somebody's who has
 * decided otherwise.
 */
async function restrictToOwner(directory: string): Promise<void> {
  const { mode } = await stat(directory)
  if ((mode & 0o077) !== 0) await chmod(directory, mode & 0o700).catch(() => undefined)
}

function lockPath(directory: string): string {
  return join(directory, 'daemon.lock')
}

/**
 * Field 22 of /proc/<pid>/stat; the second field may hold spaces and brackets, so it is counted from behind
 * it. Null elsewhere than on Linux.
 */
function startTicksOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

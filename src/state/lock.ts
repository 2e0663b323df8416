import { chmod, link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { errno, isNotFound, unwritable } from '../files.js'

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
  release(): Promise<void>
}

/**
 * The holder touches the file this often. One on another host (a container with the same directory) counts as
 * gone after three misses.
 */
const heartbeatMs = 10_000
const remoteStaleMs = 35_000

/**
 * Makes this process the only one that acts on a state directory.
 * @throws FlotillaError state/locked, naming the holder's pid; state/unwritable.
 */
export async function lockState(
  directory: string,
  self: { readonly pid: number; readonly host: string; readonly command: string },
  clock: Clock,
): Promise<StateLock> {
  const path = lockPath(directory)
  const holder: LockHolder = { ...self, startTicks: startTicksOf(self.pid), sinceMs: clock.nowMs() }
  await prepareDirectory(directory)
  // A dead holder's file is removed and the link tried again; two who do that at once still meet at link(),
  // which one of them wins.
  for (let tries = 0; tries < 3; tries++) {
    if (await tryLink(path, holder)) return heldLock(path, holder, clock)
    const other = await readLockHolder(directory, clock)
    if (other !== null && other.alive) throw lockedError(directory, other.holder)
    await rm(path, { force: true })
  }
  throw new FlotillaError(
    'state/locked',
    `the state directory ${directory} is being taken by several at once`,
    { hint: 'Try again.' },
  )
}

/** Who holds the directory now, and whether that process still lives; null when nobody does. */
export async function readLockHolder(
  directory: string,
  clock: Clock,
): Promise<{ readonly holder: LockHolder; readonly alive: boolean } | null> {
  const path = lockPath(directory)
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as LockHolder
    const touchedMs = (await stat(path)).mtimeMs
    return { holder, alive: isAlive(holder, clock.nowMs() - touchedMs) }
  } catch (error) {
    if (isNotFound(error) || error instanceof SyntaxError) return null
    throw error
  }
}

function isAlive(holder: LockHolder, silentMs: number): boolean {
  if (holder.host !== hostname()) return silentMs < remoteStaleMs
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (errno(error) !== 'EPERM') return false
  }
  const ticks = startTicksOf(holder.pid)
  return ticks === null || holder.startTicks === null || ticks === holder.startTicks
}

async function tryLink(path: string, holder: LockHolder): Promise<boolean> {
  const tempPath = `${path}.${holder.pid}`
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
  const heartbeat = (): void => {
    const now = new Date(clock.nowMs())
    // Somebody has removed it: without it a second Flotilla could start beside this one.
    const relock = (error: unknown): unknown => (isNotFound(error) ? tryLink(path, holder) : undefined)
    utimes(path, now, now)
      .catch(relock)
      .catch(() => undefined)
    cancel = clock.after(heartbeatMs, heartbeat)
  }
  cancel = clock.after(heartbeatMs, heartbeat)
  return {
    async release() {
      cancel()
      await rm(path, { force: true })
    },
  }
}

function lockedError(directory: string, holder: LockHolder): FlotillaError {
  return new FlotillaError(
    'state/locked',
    `another Flotilla (${holder.command}, pid ${holder.pid} on ${holder.host}, since ${new Date(holder.sinceMs).toISOString()}) works on the state directory ${directory}`,
    {
      hint: `Use that one (flotilla status), stop it (kill ${holder.pid}), or name another directory with --state.`,
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

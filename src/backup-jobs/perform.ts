import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Backup, BackupManifest, BackupVerdict } from '../backup/backup.js'
import { listBackups, removeBackup, removeLeftovers } from '../backup/catalog.js'
import type { BackupKey } from '../backup/encryption.js'
import { findSuperfluous, isVerified } from '../backup/retention.js'
import type { BackupStore } from '../backup/store.js'
import { takeBackup } from '../backup/take.js'
import type { Clock } from '../clock.js'
import { errorCode, FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { scoped } from '../events/scoped.js'
import { withVerified, type BackupRecord } from '../model/backup-record.js'
import type { BackupSpec, FlotillaSpec } from '../model/spec.js'
import { backupFolder, loadBackupRecord, saveBackupRecord } from '../state/backup-records.js'
import { lockState } from '../state/lock.js'
import { openBackupKey, openBackupStore, requireBackupSpec } from './place.js'
import { chooseSource, type SourceSession } from './source.js'
import { removeRestoredServers, verifyBackup } from './verify.js'

export interface BackupTools {
  readonly session: SourceSession
  readonly clock: Clock
  readonly events: EventSink
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
  /** For the lock: `run`, `backup`. */
  readonly command: string
}

export interface BackupProgress {
  readonly step: 'reading' | 'copying' | 'loading'
  readonly doneBytes: number
  /** About how many; null where not even that is known. */
  readonly totalBytes: number | null
}

export interface BackupOutcome {
  readonly manifest: BackupManifest
  /** Null: it was not to be verified. */
  readonly verdict: BackupVerdict | null
  readonly removed: readonly string[]
}

/** A node that ends, or is made again, while it is read: another one is asked. */
const attemptsMax = 3

/**
 * Takes a backup, verifies it where the manifest asks for that, and removes those that are not to be kept:
 * all of what `flotilla backup` and the schedule do. One at a time for each flotilla. What came of it is
 * remembered and told, and is thrown besides.
 * @throws FlotillaError usage/invalid without spec.backup; backup/busy; redis/… or backup/… when it failed.
 */
export async function performBackup(tools: BackupTools, spec: FlotillaSpec): Promise<BackupOutcome> {
  const backup = requireBackupSpec(spec)
  return withBackupLock(tools, spec.name, async () => {
    const { clock } = tools
    await remember(tools, spec.name, record => ({ ...record, attemptedAtMs: clock.nowMs() }))
    const place = await openPlace(tools, spec, backup)
    const manifest = await take(tools, spec, { ...place, backup })
    const verdict = (await isToBeVerified(place.store, { spec, backup, clock }))
      ? await verify(tools, spec, { ...place, manifest })
      : null
    const removed = await removeSuperfluous(tools, spec, { ...place, backup })
    return { manifest, verdict, removed }
  })
}

/** The same for one that there is: `flotilla backup verify`. */
export async function performVerification(
  tools: BackupTools,
  spec: FlotillaSpec,
  manifest: BackupManifest,
): Promise<BackupVerdict> {
  const backup = requireBackupSpec(spec)
  return withBackupLock(tools, spec.name, async () => {
    const place = await openPlace(tools, spec, backup)
    await removeRestoredServers(tools.session.runtime, spec.name)
    return verify(tools, spec, { ...place, manifest })
  })
}

/** @throws FlotillaError backup/busy, naming who takes or verifies one. */
export async function withBackupLock<T>(
  {
    session,
    clock,
    command,
  }: Pick<BackupTools, 'clock' | 'command'> & { readonly session: Pick<SourceSession, 'store'> },
  flotilla: string,
  act: () => Promise<T>,
): Promise<T> {
  const folder = backupFolder(session.store.directory, flotilla)
  const self = { pid: process.pid, host: hostname(), command }
  const lock = await lockState(folder, self, clock).catch((error: unknown) => {
    if (errorCode(error) !== 'state/locked') throw error
    throw new FlotillaError(
      'backup/busy',
      `${flotilla}: a backup is being taken or verified already, and there is one at a time`,
      { hint: 'Try again when it is done.', cause: error },
    )
  })
  try {
    return await act()
  } finally {
    await lock.release()
  }
}

interface Place {
  readonly store: BackupStore
  readonly key: BackupKey | null
}

async function openPlace(tools: BackupTools, spec: FlotillaSpec, backup: BackupSpec): Promise<Place> {
  const { clock, session } = tools
  const { readSecretFile } = session.store
  try {
    const store = await openBackupStore(backup, { clock, random: Math.random, readSecretFile })
    return { store, key: await openBackupKey(backup, readSecretFile) }
  } catch (error) {
    await noteFailure(tools, spec.name, error, '')
    throw error
  }
}

async function take(
  tools: BackupTools,
  spec: FlotillaSpec,
  { store, key, backup }: Place & { readonly backup: BackupSpec },
): Promise<BackupManifest> {
  const { session, clock, signal, onProgress } = tools
  const events = scoped(tools.events, { flotilla: spec.name })
  const { place } = store
  try {
    const objects = await removeLeftovers(store, spec.name, { signal })
    await removeRestoredServers(session.runtime, spec.name)
    if (objects > 0) events.publish('backup.leftovers-removed', { objects, place })
    const epoch = (await session.store.peekMemory(spec.name))?.epoch ?? 0
    const failed = new Set<number>()
    for (;;) {
      const source = await chooseSource(session, spec, { from: backup.from, except: failed })
      events.publish('backup.started', { node: source.ordinal, place })
      try {
        const manifest = await takeBackup(
          {
            ...{ redis: session.redis, clock, signal },
            random: () => randomBytes(3).toString('hex'),
            onProgress: progress => onProgress({ step: 'reading', ...progress }),
          },
          { flotilla: spec.name, epoch, store, key, source },
        )
        const { tookMs, file, takenAt, name } = manifest
        const { sizeBytes, storedBytes } = file
        const success = { name, takenAtMs: Date.parse(takenAt), tookMs, sizeBytes, storedBytes, place }
        await remember(tools, spec.name, record => ({ ...record, success, failure: null }))
        const fields = { backup: name, node: source.ordinal, bytes: storedBytes, tookMs, place }
        events.publish('backup.taken', fields)
        return manifest
      } catch (error) {
        failed.add(source.ordinal)
        const isNodes = errorCode(error)?.startsWith('redis/') ?? false
        if (!isNodes || failed.size >= attemptsMax || signal.aborted) throw error
        await clock.sleep(1_000, signal)
      }
    }
  } catch (error) {
    await noteFailure(tools, spec.name, error, place)
    throw error
  }
}

async function noteFailure(
  tools: BackupTools,
  flotilla: string,
  error: unknown,
  place: string,
): Promise<void> {
  const { message, hint } = wordsOf(error)
  const failure = { atMs: tools.clock.nowMs(), reason: message, hint }
  await remember(tools, flotilla, record => ({ ...record, failure }))
  scoped(tools.events, { flotilla }).publish('backup.failed', { error: message, hint, place })
}

/** The first of a day counts for the day: what was verified since midnight (UTC) is enough. */
async function isToBeVerified(
  store: BackupStore,
  {
    spec,
    backup,
    clock,
  }: { readonly spec: FlotillaSpec; readonly backup: BackupSpec; readonly clock: Clock },
): Promise<boolean> {
  if (backup.verify !== 'daily') return backup.verify === 'always'
  const today = new Date(clock.nowMs()).toISOString().slice(0, 10)
  const backups = await listBackups(store, spec.name)
  return !backups.some(one => isVerified(one) && one.verdict?.verifiedAt.startsWith(today) === true)
}

async function verify(
  tools: BackupTools,
  spec: FlotillaSpec,
  { store, key, manifest }: Place & { readonly manifest: BackupManifest },
): Promise<BackupVerdict> {
  const { session, signal, onProgress, clock } = tools
  const events = scoped(tools.events, { flotilla: spec.name })
  const { name } = manifest
  const note = (reason: string, hint: string | null): Promise<void> => {
    events.publish('backup.not-verified', { backup: name, error: reason, hint })
    const unverified = { name, atMs: clock.nowMs(), reason }
    return remember(tools, spec.name, record => ({ ...record, unverified }))
  }
  try {
    const verdict = await verifyBackup({ session, store, key, signal, onProgress }, spec, manifest)
    if (verdict.problem !== null) {
      await note(verdict.problem, `Take a new one: flotilla backup ${spec.name}`)
      return verdict
    }
    const { tookMs, compared, keys } = verdict
    const verified = { name, takenAtMs: Date.parse(manifest.takenAt), atMs: clock.nowMs(), tookMs }
    await remember(tools, spec.name, record => withVerified(record, verified))
    const count = Object.values(keys).reduce((sum, one) => sum + one, 0)
    events.publish('backup.verified', { backup: name, keys: count, compared, tookMs })
    return verdict
  } catch (error) {
    const { message, hint } = wordsOf(error)
    await note(message, hint)
    throw error
  }
}

async function removeSuperfluous(
  tools: BackupTools,
  spec: FlotillaSpec,
  { store, backup }: Place & { readonly backup: BackupSpec },
): Promise<readonly string[]> {
  const { signal } = tools
  const superfluous: readonly Backup[] = findSuperfluous(
    await listBackups(store, spec.name, { signal }),
    backup.keep,
  )
  for (const { manifest } of superfluous) {
    await removeBackup(store, manifest, { signal })
    scoped(tools.events, { flotilla: spec.name }).publish('backup.removed', { backup: manifest.name })
  }
  return superfluous.map(({ manifest }) => manifest.name)
}

async function remember(
  { session }: Pick<BackupTools, 'session'>,
  flotilla: string,
  change: (record: BackupRecord) => BackupRecord,
): Promise<void> {
  const { directory } = session.store
  await saveBackupRecord(directory, flotilla, change(await loadBackupRecord(directory, flotilla)))
}

function wordsOf(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (error instanceof FlotillaError) return { message: error.message, hint: error.hint }
  return { message: error instanceof Error ? error.message : String(error), hint: null }
}

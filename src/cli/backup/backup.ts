import { chooseBackup, listBackups, removeBackup } from '../../backup/catalog.js'
import type { Backup } from '../../backup/backup.js'
import { isVerified } from '../../backup/retention.js'
import { openBackupStore, requireBackupSpec } from '../../backup-jobs/place.js'
import {
  performBackup,
  performVerification,
  withBackupLock,
  type BackupTools,
} from '../../backup-jobs/perform.js'
import type { BackupStore } from '../../backup/store.js'
import { systemClock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import { silentSink } from '../../events/silent-sink.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { readDesired } from '../../session/manifest-source.js'
import { selectFlotilla } from '../../session/manifests.js'
import { openStore, type Paths } from '../../session/open-store.js'
import { openSession, type Environment } from '../../session/session.js'
import type { StateStore } from '../../state/state-store.js'
import { formatBytes, plural } from '../../units.js'
import { confirm } from '../confirm.js'
import { interruptSignal } from '../interrupt.js'
import type { Output } from '../output.js'
import { watchProgress } from '../watch-progress.js'
import { renderBackups } from './render-backups.js'

/** Of the first step the whole is a guess: an RDB file is as a rule smaller than its data in memory. */
const stepWords = {
  reading: 'writing the backup',
  copying: 'verifying: copying it to a throwaway server',
  loading: 'verifying: the server reads it',
}

export interface BackupRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly flotilla: string
}

/**
 * Takes a backup and prints its name; what happens meanwhile goes to stderr. Needs no daemon.
 * @returns false when the backup was taken, and not found to be what its source had.
 */
export async function takeOne(request: BackupRequest, output: Output): Promise<boolean> {
  return withTools(request, output, async (tools, spec) => {
    const { manifest, verdict, removed } = await performBackup(tools, spec)
    const { name, file, source, takenAt } = manifest
    output.note(
      `${spec.name}: ${formatBytes(file.storedBytes)} of node ${source.node} (${source.role}) as of ${takenAt}${verdict === null ? ', not verified' : ''}`,
    )
    if (verdict !== null) output.note(`${spec.name}: ${verdictText(verdict)}`)
    for (const one of removed) output.note(`${spec.name}: removed ${one}, which is not to be kept`)
    output.result(`${name}\n`)
    return verdict?.problem === null || verdict === null
  })
}

/** @param wanted a name, `latest`, or a time. @returns whether it is what its source had. */
export async function verifyOne(
  request: BackupRequest & { readonly wanted: string },
  output: Output,
): Promise<boolean> {
  return withTools(request, output, async (tools, spec) => {
    const store = await placeOf(spec, tools.session.store)
    const { manifest } = chooseBackup(await listBackups(store, spec.name), request.wanted, spec.name)
    const verdict = await performVerification(tools, spec, manifest)
    output.result(`${manifest.name}: ${verdictText(verdict)}\n`)
    return verdict.problem === null
  })
}

/** Lists what there is; asks neither the engine nor a node. */
export async function showBackups(
  { paths, flotilla, format }: Omit<BackupRequest, 'env'> & { readonly format: 'text' | 'json' },
  output: Output,
): Promise<void> {
  const { spec, state } = await findSpec(paths, flotilla)
  const store = await placeOf(spec, state)
  const backups = await listBackups(store, spec.name)
  output.result(
    format === 'json'
      ? `${JSON.stringify({ flotilla, place: store.place, backups }, null, 2)}\n`
      : renderBackups(backups, { flotilla, place: store.place, nowMs: systemClock.nowMs() }),
  )
}

/** Asks before the last one that is known to be good goes. */
export async function deleteOne(
  {
    paths,
    flotilla,
    wanted,
    yes,
  }: Omit<BackupRequest, 'env'> & {
    readonly wanted: string
    readonly yes: boolean
  },
  output: Output,
): Promise<boolean> {
  const { spec, state } = await findSpec(paths, flotilla)
  const store = await placeOf(spec, state)
  const tools = { session: { store: state }, clock: systemClock, command: 'backup delete' }
  return withBackupLock(tools, spec.name, async () => {
    const backups = await listBackups(store, spec.name)
    const backup = backups.find(({ manifest }) => manifest.name === wanted)
    if (backup === undefined) throw notListed(wanted, flotilla)
    const isLast = isVerified(backup) && backups.filter(isVerified).length === 1
    const question = `Remove ${wanted}${isLast ? ', the only one that was verified' : ''}? It can not be brought back. [y/N] `
    const again = `Say it again with --yes: flotilla backup delete ${flotilla} ${wanted} --yes`
    if (!yes && !(await confirm(question, { hintWithoutTerminal: again }))) return false
    await removeBackup(store, backup.manifest)
    output.result(`removed ${wanted} from ${store.place}\n`)
    return true
  })
}

function notListed(wanted: string, flotilla: string): FlotillaError {
  return new FlotillaError('backup/not-found', `${flotilla} has no backup ${wanted}`, {
    hint: `See: flotilla backups ${flotilla}`,
  })
}

function verdictText({ problem, keys, compared }: NonNullable<Backup['verdict']>): string {
  const count = Object.values(keys).reduce((sum, one) => sum + one, 0)
  return problem === null
    ? `verified: a server started on it has ${plural(count, 'key')}, and all ${compared} that were compared are the same`
    : `NOT verified: ${problem}`
}

async function findSpec(
  paths: Paths,
  flotilla: string,
): Promise<{ readonly spec: FlotillaSpec; readonly state: StateStore }> {
  const state = await openStore(paths)
  const { desired } = await readDesired(paths.manifests, state)
  return { spec: selectFlotilla(desired, flotilla, paths.manifests).spec, state }
}

function placeOf(spec: FlotillaSpec, { readSecretFile }: StateStore): Promise<BackupStore> {
  return openBackupStore(requireBackupSpec(spec), {
    clock: systemClock,
    random: Math.random,
    readSecretFile,
  })
}

async function withTools<T>(
  { paths, env, flotilla }: BackupRequest,
  output: Output,
  act: (tools: BackupTools, spec: FlotillaSpec) => Promise<T>,
): Promise<T> {
  const session = await openSession(paths, env)
  const progress = watchProgress(output, flotilla, { words: stepWords, estimated: ['reading'] })
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { spec } = selectFlotilla(desired, flotilla, paths.manifests)
    requireBackupSpec(spec)
    return await act(
      {
        ...{ session, clock: systemClock, events: silentSink, command: 'backup' },
        signal: interruptSignal(),
        onProgress: progress.onProgress,
      },
      spec,
    )
  } finally {
    progress.end()
    session.close()
  }
}

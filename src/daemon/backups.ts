import { BackupScheduler } from '../backup-jobs/scheduler.js'
import { performBackup, withBackupLock } from '../backup-jobs/perform.js'
import { removeRestoredServers } from '../backup-jobs/verify.js'
import { systemClock } from '../clock.js'
import { errorCode } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import type { FlotillaSpec } from '../model/spec.js'
import type { Session } from '../session/session.js'

export interface BackupService {
  readonly setSpecs: (specs: readonly FlotillaSpec[]) => void
  readonly close: () => Promise<void>
}

/** Takes the backups that manifests ask for. `onTaken`: something is remembered that its status tells. */
export function startBackups(
  session: Session,
  { events, onTaken }: { readonly events: EventSink; readonly onTaken: (flotilla: string) => void },
): BackupService {
  const scheduler = new BackupScheduler({
    clock: systemClock,
    recordOf: flotilla => session.store.loadBackupRecord(flotilla),
    async take(spec, signal) {
      const tools = {
        session,
        clock: systemClock,
        events,
        signal,
        command: 'run',
        onProgress: () => undefined,
      }
      try {
        await performBackup(tools, spec)
      } catch {
        // It is told by an event and a condition, and the schedule goes on.
      }
      onTaken(spec.name)
    },
  })
  const cleared = new Set<string>()
  return {
    setSpecs(specs) {
      scheduler.setSpecs(specs)
      const fresh = specs.filter(({ name, backup }) => backup !== null && !cleared.has(name))
      for (const { name } of fresh) cleared.add(name)
      void clearLeftovers(
        session,
        fresh.map(({ name }) => name),
      )
    },
    close: () => scheduler.close(),
  }
}

/** Servers that were started on a backup by a Flotilla that died; unless another process is at it. */
async function clearLeftovers(session: Session, flotillas: readonly string[]): Promise<void> {
  for (const flotilla of flotillas) {
    const tools = { session, clock: systemClock, command: 'run' }
    await withBackupLock(tools, flotilla, () => removeRestoredServers(session.runtime, flotilla)).catch(
      (error: unknown) => {
        // The next backup tries again.
        if (errorCode(error) === null) throw error
      },
    )
  }
}

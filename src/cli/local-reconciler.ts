import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { openJournal } from '../events/journal/journal.js'
import { emptyDesiredState, type DesiredFlotilla } from '../manifest/desired-state.js'
import { Controller } from '../reconciler/loop/controller.js'
import { lockState } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { findReconciler } from './active-reconciler.js'
import type { Output } from './output.js'
import { progressSink } from './progress.js'
import type { Environment, Session } from '../session/session.js'

/** Who carries out what is asked for. */
export interface ReconcilerHandle {
  /** Has it look at what is asked for; a daemon notices by itself. */
  wake(): void
  release(): Promise<void>
}

/**
 * The daemon, when one runs; else this process keeps the flotilla until it is released.
 * @throws FlotillaError state/locked when another command works on the state directory: it takes no requests.
 */
export async function daemonOrLocal(
  session: Session,
  wanted: { readonly flotilla: DesiredFlotilla; readonly command: string; readonly env: Environment },
  output: Output,
): Promise<ReconcilerHandle> {
  const directory = resolve(session.store.directory)
  const reconciler = await findReconciler({ state: directory })
  if (reconciler?.command === 'run') return { wake: () => undefined, release: () => Promise.resolve() }
  const { flotilla, command, env } = wanted
  const lock = await lockState(directory, { pid: process.pid, host: hostname(), command }, systemClock)
  const journal = openJournal(directory, { clock: systemClock, forwardTo: progressSink(output) })
  const controller = new Controller({
    observer: session.observer,
    store: session.store,
    events: journal,
    clock: systemClock,
    random: Math.random,
    flotillaVersion,
    environment: variable => env[variable],
  })
  controller.setDesired({ ...emptyDesiredState, flotillas: new Map([[flotilla.spec.name, flotilla]]) })
  return {
    wake: () => controller.wake(flotilla.spec.name),
    async release() {
      await controller.stop(8_000)
      journal.close()
      await lock.release()
    },
  }
}

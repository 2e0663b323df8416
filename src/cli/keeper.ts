import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { openJournal } from '../events/journal/journal.js'
import { noDesires, type DesiredFlotilla } from '../manifest/desired.js'
import { Controller } from '../reconciler/controller.js'
import { lockState } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { whoActs } from './acting.js'
import type { Output } from './output.js'
import { progressSink } from './progress.js'
import type { Environment, Session } from './session.js'

/** Who carries out what is asked for. */
export interface Keeper {
  /** Has it look at what is asked for; a daemon notices by itself. */
  wake(): void
  release(): Promise<void>
}

/**
 * The daemon, when one runs; else this process keeps the flotilla until it is released.
 * @throws FlotillaError state/locked when another command works on the state directory: it takes no requests.
 */
export async function daemonOrSelf(
  session: Session,
  wanted: { readonly flotilla: DesiredFlotilla; readonly command: string; readonly env: Environment },
  output: Output,
): Promise<Keeper> {
  const directory = resolve(session.store.directory)
  const acting = await whoActs({ state: directory })
  if (acting?.command === 'run') return { wake: () => undefined, release: () => Promise.resolve() }
  const { flotilla, command, env } = wanted
  const lock = await lockState(directory, { pid: process.pid, host: hostname(), command }, systemClock)
  const journal = openJournal(directory, { clock: systemClock, beside: progressSink(output) })
  const controller = new Controller({
    eyes: session.eyes,
    store: session.store,
    events: journal,
    clock: systemClock,
    random: Math.random,
    flotillaVersion,
    environment: variable => env[variable],
  })
  controller.setDesired({ ...noDesires, flotillas: new Map([[flotilla.spec.name, flotilla]]) })
  return {
    wake: () => controller.wake(flotilla.spec.name),
    async release() {
      await controller.stop(8_000)
      journal.close()
      await lock.release()
    },
  }
}

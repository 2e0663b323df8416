import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { setReplicas } from '../manifest/edit.js'
import { desire, noDesires } from '../manifest/desired.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests } from '../manifest/load.js'
import { rewriteManifest } from '../manifest/write.js'
import { readLockHolder } from '../state/lock.js'
import { selectFlotilla } from './manifests.js'
import type { Places } from './session.js'

/** Edits the manifest that declares the flotilla. @returns what was done, and what happens next. */
export async function scale(places: Places, name: string, replicas: number): Promise<string> {
  const desired = desire(noDesires, await loadManifests(places.manifests))
  if (desired.flotillas.size === 0 && desired.diagnostics.length > 0)
    throw new FlotillaError('manifest/invalid', desired.diagnostics.map(renderDiagnostic).join('\n'))
  const { spec, source } = selectFlotilla(desired, name, places.manifests)
  if (source === null) throw new FlotillaError('manifest/edit-refused', `no manifest declares ${name}`)
  const { file } = source
  const changed = await rewriteManifest(file, text => setReplicas(text, { file, flotilla: name }, replicas))
  if (!changed) return `${file}: ${name} has ${replicas} replicas already\n`
  const daemon = await readLockHolder(resolve(places.state), systemClock)
  const next =
    daemon?.alive === true
      ? `the daemon (pid ${daemon.holder.pid}) applies it`
      : `apply it with: flotilla up ${name}`
  return `${file}: ${name} from ${spec.replicas} to ${replicas} replicas; ${next}\n`
}

import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { setReplicas } from '../manifest/edit.js'
import { updateDesiredState, neverDelete, emptyDesiredState } from '../manifest/desired-state.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests } from '../manifest/load.js'
import { allowAll } from '../manifest/policy.js'
import { replicasMax } from '../manifest/schema.js'
import { rewriteManifest } from '../manifest/write.js'
import { readLockHolder } from '../state/lock.js'
import { selectFlotilla } from './manifests.js'
import type { Paths } from './open-store.js'

/** Edits the manifest that declares the flotilla. @returns what was done, and what happens next. */
export async function scale(paths: Paths, name: string, replicas: number): Promise<string> {
  const { file, from, to } = await changeReplicas(paths.manifests, name, replicas)
  if (from === to) return `${file}: ${name} has ${replicas} replicas already\n`
  const daemon = await readLockHolder(resolve(paths.state), systemClock)
  const next =
    daemon?.alive === true
      ? `the daemon (pid ${daemon.holder.pid}) applies it`
      : `apply it with: flotilla up ${name}`
  return `${file}: ${name} from ${from} to ${to} replicas; ${next}\n`
}

/** @throws FlotillaError manifest/… when the manifest can't be edited, with how to do it by hand. */
export async function changeReplicas(
  manifests: string,
  name: string,
  replicas: number,
): Promise<{ readonly file: string; readonly from: number; readonly to: number }> {
  if (replicas > replicasMax)
    throw new FlotillaError(
      'usage/invalid',
      `${replicas} replicas are too many: ${replicasMax} are the most`,
      {
        hint: `Nothing was changed. Type, for the most: flotilla scale ${name} ${replicasMax}`,
      },
    )
  const desired = updateDesiredState(emptyDesiredState, await loadManifests(manifests, allowAll), neverDelete)
  if (desired.flotillas.size === 0 && desired.diagnostics.length > 0)
    throw new FlotillaError('manifest/invalid', desired.diagnostics.map(renderDiagnostic).join('\n'))
  const { spec, source } = selectFlotilla(desired, name, manifests)
  if (source === null) throw new FlotillaError('manifest/edit-refused', `no manifest declares ${name}`)
  const { file } = source
  await rewriteManifest(file, text => setReplicas(text, { file, flotilla: name }, replicas))
  return { file, from: spec.replicas, to: replicas }
}

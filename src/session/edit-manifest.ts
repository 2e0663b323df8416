import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { updateDesiredState, neverDelete, emptyDesiredState } from '../manifest/desired-state.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests } from '../manifest/load.js'
import { allowAll } from '../manifest/policy.js'
import type { EditTarget } from '../manifest/edit.js'
import { rewriteManifest } from '../manifest/write.js'
import type { FlotillaSpec } from '../model/spec.js'
import { readLockHolder } from '../state/lock.js'
import { selectFlotilla } from './manifests.js'

/**
 * Changes the document that declares a flotilla. `edit` makes a new text of the file.
 * @returns the file, the spec as it was, and whether the text is another one.
 * @throws FlotillaError manifest/… when the manifest can't be edited, with how to do it by hand.
 */
export async function editManifest(
  manifests: string,
  name: string,
  edit: (text: string, target: EditTarget, spec: FlotillaSpec) => string,
): Promise<{ readonly file: string; readonly spec: FlotillaSpec; readonly changed: boolean }> {
  const desired = updateDesiredState(emptyDesiredState, await loadManifests(manifests, allowAll), neverDelete)
  if (desired.flotillas.size === 0 && desired.diagnostics.length > 0)
    throw new FlotillaError('manifest/invalid', desired.diagnostics.map(renderDiagnostic).join('\n'))
  const { spec, source } = selectFlotilla(desired, name, manifests)
  if (source === null) throw new FlotillaError('manifest/edit-refused', `no manifest declares ${name}`)
  const { file } = source
  const changed = await rewriteManifest(file, text => edit(text, { file, flotilla: name }, spec))
  return { file, spec, changed }
}

/** What happens next to a manifest that was changed, to stand after what was changed. */
export async function nextStep(state: string, name: string): Promise<string> {
  const daemon = await readLockHolder(resolve(state), systemClock)
  return daemon?.alive === true
    ? `the daemon (pid ${daemon.holder.pid}) applies it`
    : `apply it with: flotilla up ${name}`
}

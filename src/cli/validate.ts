import { updateDesiredState, neverDelete, emptyDesiredState } from '../manifest/desired-state.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { loadManifests } from '../manifest/load.js'
import { plural } from '../units.js'
import type { Policy } from '../manifest/policy.js'

/** Everything that is wrong with the manifests at `path`, or what they declare. Asks no engine. */
export async function validate(
  path: string,
  policy: Policy,
  format: 'text' | 'json',
): Promise<{ readonly text: string; readonly valid: boolean }> {
  const desiredState = updateDesiredState(emptyDesiredState, await loadManifests(path, policy), neverDelete)
  const valid = desiredState.diagnostics.length === 0
  const flotillas = [...desiredState.flotillas.values()]
  if (format === 'json') {
    const json = {
      valid,
      diagnostics: desiredState.diagnostics,
      flotillas: flotillas.map(({ spec, source }) => ({ ...spec, source })),
    }
    return { text: `${JSON.stringify(json, null, 2)}\n`, valid }
  }
  if (valid && flotillas.length === 0)
    return { text: `${path}: it is empty: no flotilla is declared\n`, valid }
  const lines = valid
    ? flotillas.map(
        ({ spec, source }) =>
          `${source?.file ?? path}:${source?.line ?? 1}: ${spec.name}: ${spec.image}, 1 master and ${plural(spec.replicas, 'replica')}`,
      )
    : desiredState.diagnostics.map(renderDiagnostic)
  return { text: `${lines.join('\n')}\n`, valid }
}

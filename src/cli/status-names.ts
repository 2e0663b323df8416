import { resolve } from 'node:path'
import { readDesired } from '../daemon/manifest-source.js'
import { StateStore } from '../state/state-store.js'
import { selectFlotillas } from './manifests.js'
import type { Output } from './output.js'
import type { Places } from './session.js'

/** The names alone, for scripts: as the manifests have them, without asking anybody. */
export async function showNames(
  { places, names }: { readonly places: Places; readonly names: readonly string[] },
  output: Output,
): Promise<void> {
  const { desired } = await readDesired(places.manifests, new StateStore(resolve(places.state)))
  for (const { spec } of selectFlotillas(desired, names, places.manifests)) output.result(`${spec.name}\n`)
}

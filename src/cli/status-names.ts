import { readDesired } from '../daemon/manifest-source.js'
import { openStore } from './open-store.js'
import { selectFlotillas } from './manifests.js'
import type { Output } from './output.js'
import type { Places } from './open-store.js'

/** The names alone, for scripts: as the manifests have them, without asking anybody. */
export async function showNames(
  { places, names }: { readonly places: Places; readonly names: readonly string[] },
  output: Output,
): Promise<void> {
  const { desired } = await readDesired(places.manifests, await openStore(places))
  for (const { spec } of selectFlotillas(desired, names, places.manifests)) output.result(`${spec.name}\n`)
}

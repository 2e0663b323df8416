import { readDesired } from '../session/manifest-source.js'
import { openStore } from '../session/open-store.js'
import { selectFlotillas } from '../session/manifests.js'
import type { Output } from './output.js'
import type { Paths } from '../session/open-store.js'

/** The names alone, for scripts: as the manifests have them, without asking anybody. */
export async function showNames(
  { paths, names }: { readonly paths: Paths; readonly names: readonly string[] },
  output: Output,
): Promise<void> {
  const { desired } = await readDesired(paths.manifests, await openStore(paths))
  for (const { spec } of selectFlotillas(desired, names, paths.manifests)) output.result(`${spec.name}\n`)
}

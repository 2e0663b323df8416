import { setHibernate } from '../manifest/edit.js'
import { editManifest, nextStep } from './edit-manifest.js'
import type { Paths } from './open-store.js'

/**
 * Edits the manifest that declares the flotilla. @returns what was done, and what happens next.
 * @throws FlotillaError manifest/… when the manifest can't be edited, with how to do it by hand.
 */
export async function hibernate(paths: Paths, name: string, asleep: boolean): Promise<string> {
  const { file, changed } = await editManifest(paths.manifests, name, (text, target) =>
    setHibernate(text, target, asleep),
  )
  if (!changed)
    return asleep
      ? `${file}: ${name} is to be hibernated already; to have it back: flotilla wake ${name}\n`
      : `${file}: ${name} is not hibernated\n`
  const what = asleep
    ? `${name} is to be hibernated: its master saves, then its containers go; volumes, names and passwords are kept`
    : `${name} is to be back`
  return `${file}: ${what}; ${await nextStep(paths.state, name)}\n`
}

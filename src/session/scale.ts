import { FlotillaError } from '../errors.js'
import { setReplicas } from '../manifest/edit.js'
import { replicasMax } from '../manifest/schema.js'
import { editManifest, nextStep } from './edit-manifest.js'
import type { Paths } from './open-store.js'

/** Edits the manifest that declares the flotilla. @returns what was done, and what happens next. */
export async function scale(paths: Paths, name: string, replicas: number): Promise<string> {
  const { file, from, to, hibernated } = await changeReplicas(paths.manifests, name, replicas)
  if (from === to) return `${file}: ${name} has ${replicas} replicas already\n`
  const next = hibernated
    ? `it is hibernated, and has them after: flotilla wake ${name}`
    : await nextStep(paths.state, name)
  return `${file}: ${name} from ${from} to ${to} replicas; ${next}\n`
}

/** @throws FlotillaError manifest/… when the manifest can't be edited, with how to do it by hand. */
export async function changeReplicas(
  manifests: string,
  name: string,
  replicas: number,
): Promise<{
  readonly file: string
  readonly from: number
  readonly to: number
  readonly hibernated: boolean
}> {
  if (replicas > replicasMax)
    throw new FlotillaError(
      'usage/invalid',
      `${replicas} replicas are too many: ${replicasMax} are the most`,
      {
        hint: `Nothing was changed. Type, for the most: flotilla scale ${name} ${replicasMax}`,
      },
    )
  const { file, spec } = await editManifest(manifests, name, (text, target) =>
    setReplicas(text, target, replicas),
  )
  return { file, from: spec.replicas, to: replicas, hibernated: spec.hibernate }
}

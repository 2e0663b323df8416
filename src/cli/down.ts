import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readDesired } from '../daemon/manifest-source.js'
import { explainError, FlotillaError } from '../errors.js'
import { openJournal } from '../events/journal/journal.js'
import { silentSink } from '../events/silent-sink.js'
import { renderAction } from '../reconciler/plan/text.js'
import { planRemoval } from '../reconciler/plan/removal.js'
import { findBelongings, removeFlotilla } from '../reconciler/remove.js'
import { OwnNetworks } from '../reconciler/observe/own-networks.js'
import { flotillaLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { lockState } from '../state/lock.js'
import type { StateStore } from '../state/state-store.js'
import { isAgreed } from './ask-person.js'
import { noSuchFlotilla } from './manifests.js'
import type { Output } from './output.js'
import { findOwnContainer } from './own-container.js'
import { openStore, type Places } from './open-store.js'
import { openOwnRuntime, type Environment } from './session.js'

export interface DownRequest {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly volumesToo: boolean
  readonly imagesToo: boolean
  readonly yes: boolean
}

/** Shows what goes, asks, and takes it away. @returns false when the person said no. */
export async function takeDown(request: DownRequest, output: Output): Promise<boolean> {
  const { places, env, volumesToo } = request
  const store = await openStore(places)
  const { runtime } = openOwnRuntime(env, store)
  // Beside a daemon everything would come back at once, so the daemon's lock is asked for.
  const lock = await lockState(
    store.directory,
    { pid: process.pid, host: hostname(), command: 'down' },
    systemClock,
  ).catch((error: unknown) => {
    runtime.close()
    throw new FlotillaError(
      'state/locked',
      `${explainError(error).split('\n')[0]}: it would bring back what is taken down`,
      {
        hint: 'Stop it first; or delete the manifest, and the daemon removes the flotilla, after a time of grace, as its deletionPolicy says.',
        cause: error,
      },
    )
  })
  try {
    const { flotillas, images } = await whatGoes(runtime, store, request)
    const plans = await Promise.all(
      flotillas.map(async name => planRemoval(await findBelongings(runtime, name), { volumesToo })),
    )
    const actions = plans
      .flatMap(plan => plan.stages.flat())
      .filter(action => action.kind !== 'stop-container')
    if (actions.length === 0 && images.length === 0) {
      output.note('nothing of ours is there')
      return true
    }
    for (const action of actions) output.note(`  ${renderAction(action)}`)
    for (const image of images) output.note(`  remove image ${image}`)
    if (!(await mayGo(request, output))) return false
    const ownNetworks = new OwnNetworks(runtime, await findOwnContainer(runtime))
    const events = openJournal(resolve(request.places.state), { clock: systemClock, beside: silentSink })
    try {
      for (const flotilla of flotillas)
        await removeFlotilla(
          { runtime, ownNetworks, store, events },
          { flotilla, volumesToo, signal: new AbortController().signal },
        )
    } finally {
      events.close()
    }
    if (volumesToo) await store.forgetTheRest()
    for (const image of images) await removeImage(runtime, image, output)
    output.note(
      volumesToo ? 'removed, with the data' : 'removed; the volumes are kept (--volumes removes them)',
    )
    return true
  } finally {
    await lock.release()
    runtime.close()
  }
}

/** Whatever carries our labels, is remembered, or is declared: a broken manifest must not keep anybody from cleaning up. */
async function whatGoes(
  runtime: Runtime,
  store: StateStore,
  request: DownRequest,
): Promise<{ readonly flotillas: readonly string[]; readonly images: readonly string[] }> {
  const { desired } = await readDesired(request.places.manifests, store)
  const [containers, networks, volumes] = await Promise.all([
    runtime.listContainers(),
    runtime.listNetworks(),
    runtime.listVolumes(),
  ])
  const declared = new Set([...desired.flotillas.keys(), ...(await store.knownFlotillas())])
  const labelled = new Set(
    [...containers, ...networks, ...volumes].flatMap(({ labels }) => labels[flotillaLabel] ?? []),
  )
  for (const name of request.names)
    if (!declared.has(name) && !labelled.has(name))
      throw noSuchFlotilla(
        name,
        [...new Set([...declared, ...labelled])].sort(),
        `${request.places.manifests} or on the engine`,
      )
  // Without names only what this state directory and these manifests know: another one's flotillas on the same engine are not ours to take.
  const flotillas = request.names.length > 0 ? [...new Set(request.names)] : [...declared].sort()
  const images = request.imagesToo
    ? flotillas.flatMap(name => desired.flotillas.get(name)?.spec.image ?? [])
    : []
  return { flotillas, images: [...new Set(images)] }
}

async function mayGo({ yes, volumesToo }: DownRequest, output: Output): Promise<boolean> {
  if (yes) return true
  const question = volumesToo
    ? 'Remove all of this, data included?'
    : 'Remove all of this (the data is kept)?'
  if (await isAgreed(`${question} Type yes: `, { otherwise: 'Add --yes to remove what is listed above.' }))
    return true
  output.note('nothing was removed')
  return false
}

/** An image that something else uses stays: it is not ours alone. */
async function removeImage(runtime: Runtime, image: string, output: Output): Promise<void> {
  try {
    await runtime.removeImage(image)
  } catch (error) {
    output.note(`the image ${image} stays: ${explainError(error)}`)
  }
}

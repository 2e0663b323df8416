import { reportDroppedEndpoints } from '../reconciler/loop/dropped-endpoints.js'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readDesired } from '../session/manifest-source.js'
import { explainError, FlotillaError } from '../errors.js'
import { openJournal } from '../events/journal/journal.js'
import { silentSink } from '../events/silent-sink.js'
import { renderAction } from '../reconciler/plan/render-plan.js'
import { planTeardown } from '../reconciler/plan/nodes/teardown.js'
import { findOwnedResources, removeFlotilla } from '../reconciler/loop/remove-flotilla.js'
import { OwnNetworks } from '../reconciler/observe/own-networks.js'
import type { FlotillaSpec } from '../model/spec.js'
import { flotillaLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { lockState } from '../state/lock.js'
import type { StateStore } from '../state/state-store.js'
import { confirm } from './confirm.js'
import { noSuchFlotilla } from '../session/manifests.js'
import type { Output } from './output.js'
import { findOwnContainer } from '../session/own-container.js'
import { openStore, type Paths } from '../session/open-store.js'
import { openOwnedRuntime, type Environment } from '../session/session.js'

export interface DownRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
  readonly removeVolumes: boolean
  readonly imagesToo: boolean
  readonly yes: boolean
}

/** Shows what goes, asks, and takes it away. @returns false when the person said no. */
export async function tearDown(request: DownRequest, output: Output): Promise<boolean> {
  const { paths, env, removeVolumes } = request
  const store = await openStore(paths)
  const { runtime } = openOwnedRuntime(env, store)
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
        hint: 'Stop it first; or delete the manifest, and the daemon removes the flotilla, after a grace period, as its deletionPolicy says.',
        cause: error,
      },
    )
  })
  try {
    const { flotillas, images } = await findTargets(runtime, store, request)
    const plans = await Promise.all(
      flotillas.map(async name => planTeardown(await findOwnedResources(runtime, name), { removeVolumes })),
    )
    const actions = plans
      .flatMap(plan => plan.stages.flat())
      .filter(action => action.kind !== 'stop-container' && action.kind !== 'stop-gateway')
    if (actions.length === 0 && images.length === 0) {
      output.note('nothing of ours is there')
      return true
    }
    for (const action of actions) output.note(`  ${renderAction(action)}`)
    for (const image of images) output.note(`  remove image ${image}`)
    if (!(await confirmRemoval(request, output))) return false
    const ownNetworks = new OwnNetworks(runtime, await findOwnContainer(runtime))
    const events = openJournal(resolve(request.paths.state), { clock: systemClock, forwardTo: silentSink })
    const unsubscribe = reportDroppedEndpoints(runtime, events)
    try {
      for (const flotilla of flotillas)
        await removeFlotilla(
          { runtime, ownNetworks, store, events },
          { flotilla, removeVolumes, signal: new AbortController().signal },
        )
    } finally {
      unsubscribe()
      events.close()
    }
    if (removeVolumes) await store.removeSharedFiles()
    for (const image of images) await removeImage(runtime, image, output)
    output.note(
      removeVolumes ? 'removed, with the data' : 'removed; the volumes are kept (--volumes removes them)',
    )
    return true
  } finally {
    await lock.release()
    runtime.close()
  }
}

/**
 * Whatever carries our labels, is remembered, or is declared: a broken manifest must not keep anybody from
 * cleaning up.
 */
async function findTargets(
  runtime: Runtime,
  store: StateStore,
  request: DownRequest,
): Promise<{ readonly flotillas: readonly string[]; readonly images: readonly string[] }> {
  const { desired } = await readDesired(request.paths.manifests, store)
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
        `${request.paths.manifests} or on the engine`,
      )
  // Without names only what this state directory and these manifests know: another one's flotillas on the
  // same engine are not ours to take.
  const flotillas = request.names.length > 0 ? [...new Set(request.names)] : [...declared].sort()
  const images = request.imagesToo
    ? flotillas.flatMap(name => imagesOf(desired.flotillas.get(name)?.spec))
    : []
  return { flotillas, images: [...new Set(images)] }
}

function imagesOf(spec: FlotillaSpec | undefined): readonly string[] {
  return spec === undefined ? [] : [spec.image, ...(spec.gateway === null ? [] : [spec.gateway.image])]
}

async function confirmRemoval({ yes, removeVolumes }: DownRequest, output: Output): Promise<boolean> {
  if (yes) return true
  const question = removeVolumes
    ? 'Remove all of this, data included?'
    : 'Remove all of this (the data is kept)?'
  if (
    await confirm(`${question} Type yes: `, {
      hintWithoutTerminal: 'Add --yes to remove what is listed above.',
    })
  )
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

import { FlotillaError } from '../../errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import { serverUser, numericUid, whyImageRefused } from '../desired/server-image.js'
import type { ContainerFile, ContainerSpec, ImageFacts } from '../../model/engine.js'

const passwdPath = '/etc/passwd'

/**
 * As whom the server of a container will run, which need not run for that: the image tells, or the list of
 * users in it.
 */
export async function findServerUser(
  runtime: Runtime,
  { containerId, image }: { readonly containerId: string; readonly image: Pick<ImageFacts, 'user'> },
  signal: AbortSignal,
): Promise<number> {
  return numericUid(image) ?? serverUser(image, await runtime.readFile(containerId, passwdPath, { signal }))
}

/**
 * Creates a stopped container with files that its server may read. One that does not get its files is removed
 * again, as by Runtime.createContainer.
 * @returns the container id
 */
export async function createServerContainer(
  runtime: Runtime,
  wanted: {
    readonly spec: ContainerSpec
    readonly image: Pick<ImageFacts, 'user'>
    readonly filesFor: (owner: number) => readonly ContainerFile[]
  },
  signal: AbortSignal,
): Promise<string> {
  const { spec, image, filesFor } = wanted
  const owner = numericUid(image)
  if (owner !== null) return runtime.createContainer(spec, filesFor(owner), { signal })
  const containerId = await runtime.createContainer(spec, [], { signal })
  try {
    const found = await findServerUser(runtime, { containerId, image }, signal)
    await runtime.putFiles(containerId, filesFor(found), { signal })
  } catch (error) {
    // Without the signal: after an abort there is still something to clear up. The first error tells more
    // than a second.
    await runtime.removeContainer(containerId).catch(() => undefined)
    throw error
  }
  return containerId
}

/**
 * @throws FlotillaError runtime/image-unavailable: it is not here, or says itself that no node can be made of
 * it.
 */
export async function requireImage(
  { runtime, signal }: { readonly runtime: Runtime; readonly signal: AbortSignal },
  referenceOrId: string,
): Promise<ImageFacts> {
  const image = await runtime.findImage(referenceOrId, { signal })
  const reason = image === null ? 'is not on this engine' : whyImageRefused(image)
  if (image !== null && reason === null) return image
  throw new FlotillaError('runtime/image-unavailable', `the image ${referenceOrId} ${reason}`)
}

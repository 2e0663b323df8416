import type Docker from 'dockerode'
import { z } from 'zod'
import { FlotillaError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import { listedContainer } from './container-facts.js'
import type { EngineClient } from './engine-client.js'
import { labels } from './schemas.js'
import type { ImageFacts } from '../../model/engine.js'

type Call = CallOptions | undefined

const stringList = z.array(z.string()).nullish()

const inspectedImage = z.object({
  Id: z.string().min(1),
  Size: z.number().optional(),
  Config: z
    .object({
      User: z.string().optional(),
      Labels: labels,
      Entrypoint: stringList,
      Cmd: stringList,
      Env: stringList,
    })
    .nullish(),
})
type InspectedImage = z.infer<typeof inspectedImage>

export function findImage(client: EngineClient, image: string, call: Call): Promise<ImageFacts | null> {
  return client.call(
    { what: `find image ${image}`, timeoutMs: 10_000, signal: call?.signal, accept: [404] },
    docker => imagePin(docker, image).inspect(),
    ({ status, body }) => (status === 404 ? null : factsOf(inspectedImage.parse(body))),
  )
}

/**
 * Docker only takes the tag off, without a word, when an image in use has another one too; here use is use,
 * so that `down --images` says what is still running. Docker's own check comes after ours and covers a
 * container that is made meanwhile.
 */
export async function removeImage(client: EngineClient, image: string, call: Call): Promise<void> {
  const facts = await findImage(client, image, call)
  if (facts === null) return
  const what = `remove image ${image}`
  const users = await client.call(
    { what, timeoutMs: 10_000, signal: call?.signal },
    docker => docker.listContainers({ all: true }),
    ({ body }) =>
      z
        .array(listedContainer)
        .parse(body)
        .filter(container => container.ImageID === facts.imageId)
        .map(container => container.Names?.[0]?.replace(/^\//, '') ?? container.Id.slice(0, 12)),
  )
  if (users.length > 0) {
    throw new FlotillaError('runtime/conflict', `${what}: containers use it: ${users.sort().join(', ')}`, {
      hint: 'remove those containers first',
    })
  }
  await client.call(
    { what, timeoutMs: 60_000, signal: call?.signal, accept: [404] },
    docker => imagePin(docker, image).remove(),
    () => {},
  )
}

/** An image's name goes into the route with its slashes; what could leave the route does not. */
function imagePin(docker: Docker, image: string): Docker.Image {
  if (image.split('/').some(part => part === '' || part === '.' || part === '..'))
    throw new FlotillaError('runtime/image-unavailable', `"${image}" is not the name of an image`)
  return docker.getImage(image)
}

function factsOf(image: InspectedImage): ImageFacts {
  return {
    imageId: image.Id,
    labels: image.Config?.Labels ?? {},
    sizeBytes: image.Size ?? 0,
    user: image.Config?.User ?? '',
    entrypoint: image.Config?.Entrypoint ?? [],
    command: image.Config?.Cmd ?? [],
    environment: image.Config?.Env ?? [],
  }
}

import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../clock.js'
import { errorCode, FlotillaError } from '../../errors.js'
import type { CallOptions, PullProgress } from '../runtime.js'
import { createJsonLineReader } from './json-lines.js'
import type { EngineClient } from './engine-client.js'

interface PullLine {
  readonly id?: string
  readonly status?: string
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

/** A registry that sends nothing for so long has stalled; layers of any size keep reporting. */
const stallMs = 60_000

/**
 * Pulls as long as it makes progress. There is no overall deadline: gigabytes over a slow line are no
 * failure.
 */
export async function pullImage(
  client: EngineClient,
  pull: {
    readonly image: string
    readonly onProgress: (progress: PullProgress) => void
    readonly clock: Clock
  },
  call: CallOptions | undefined,
): Promise<void> {
  const { image } = pull
  const stream = await client
    .open({ what: `pull image ${image}`, timeoutMs: stallMs, signal: call?.signal }, docker =>
      docker.createImage(splitReference(image)),
    )
    .catch((error: unknown) => {
      throw errorCode(error) === 'runtime/failed' || errorCode(error) === 'runtime/not-found'
        ? unavailable(image, (error as Error).message)
        : error
    })
  await followPull(stream, pull, call)
}

/**
 * Docker pulls all tags when it is told none, so `latest` is said in full. With a digest the tag says
 * nothing.
 */
function splitReference(image: string): { readonly fromImage: string; readonly tag: string } {
  const [name = image, digest] = image.split('@')
  const tagged = /^(.*):([^/:]+)$/.exec(name)
  const fromImage = tagged?.[1] ?? name
  return { fromImage, tag: digest ?? tagged?.[2] ?? 'latest' }
}

function followPull(
  stream: IncomingMessage,
  pull: {
    readonly image: string
    readonly onProgress: (progress: PullProgress) => void
    readonly clock: Clock
  },
  call: CallOptions | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const layers = new Map<string, PullProgress>()
    let cancelStall = () => {}
    let failure: string | null = null
    const settle = (error?: Error) => {
      cancelStall()
      stream.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    const alive = () => {
      cancelStall()
      cancelStall = pull.clock.after(stallMs, () =>
        settle(
          new FlotillaError(
            'runtime/timeout',
            `pull image ${pull.image}: no progress for ${stallMs / 1000} s`,
            {
              hint: "check the engine's way to the registry, or load the image by hand (docker load)",
            },
          ),
        ),
      )
    }
    const read = createJsonLineReader(value => {
      const line = value as PullLine | null
      failure ??= line?.errorDetail?.message ?? line?.error ?? null
      if (line !== null && noteLayer(layers, line)) pull.onProgress(sumOf(layers))
    })
    stream.on('data', (chunk: Buffer) => {
      alive()
      read(chunk)
    })
    stream.on('end', () => settle(failure === null ? undefined : unavailable(pull.image, failure)))
    stream.on('error', error =>
      settle(
        call?.signal?.aborted === true || error instanceof FlotillaError
          ? new FlotillaError('runtime/aborted', `pull image ${pull.image}: ended on request`)
          : new FlotillaError(
              'runtime/unreachable',
              `pull image ${pull.image}: the connection to the engine was lost`,
              { cause: error },
            ),
      ),
    )
    alive()
  })
}

/** @returns whether the line told anything about how far a layer is. */
function noteLayer(layers: Map<string, PullProgress>, { id, status, progressDetail }: PullLine): boolean {
  if (id === undefined || status === undefined) return false
  const known = layers.get(id)
  if (status === 'Downloading' && progressDetail?.total !== undefined)
    layers.set(id, { doneBytes: progressDetail.current ?? 0, totalBytes: progressDetail.total })
  else if (/^(Download complete|Pull complete)/.test(status) && known !== undefined)
    layers.set(id, { doneBytes: known.totalBytes, totalBytes: known.totalBytes })
  else return false
  return true
}

function sumOf(layers: ReadonlyMap<string, PullProgress>): PullProgress {
  let doneBytes = 0
  let totalBytes = 0
  for (const layer of layers.values()) {
    doneBytes += layer.doneBytes
    totalBytes += layer.totalBytes
  }
  return { doneBytes, totalBytes }
}

function unavailable(image: string, said: string): FlotillaError {
  if (/no space left on device/i.test(said)) {
    return new FlotillaError('runtime/disk-full', `pull image ${image}: ${said}`, {
      hint: "make room on the engine's disk: docker system df, docker image prune",
    })
  }
  return new FlotillaError(
    'runtime/image-unavailable',
    `pull image ${image}: Docker says: ${said.replace(/^pull image .*?Docker says: /, '')}`,
    {
      hint: `check the name and tag; for a private registry pull it yourself (docker login, docker pull ${image}), or load it (docker load)`,
    },
  )
}

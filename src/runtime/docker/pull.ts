import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../clock.js'
import { errorCode, FlotillaError } from '../../errors.js'
import type { CallOptions, PullOptions, PullProgress } from '../runtime.js'
import { createJsonLineReader } from './json-lines.js'
import type { EngineClient } from './engine-client.js'
import { findRegistryLogin, registryOf, type FoundLogin, type LoginSearch } from './registry-login.js'

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
  pull: Pull,
  call: CallOptions | undefined,
): Promise<void> {
  const { image, logins, pullSecret } = pull
  const found = logins === null ? null : await findRegistryLogin(image, { ...logins, pullSecret })
  const stream = await client
    .open({ what: `pull image ${image}`, timeoutMs: stallMs, signal: call?.signal }, docker =>
      found === null
        ? docker.createImage(splitReference(image))
        : docker.createImage(found.login, splitReference(image)),
    )
    .catch((error: unknown) => {
      throw errorCode(error) === 'runtime/failed' || errorCode(error) === 'runtime/not-found'
        ? unavailable({ image, found, said: (error as Error).message })
        : error
    })
  await followPull(stream, { ...pull, found }, call)
}

interface Pull extends PullOptions {
  readonly image: string
  readonly clock: Clock
  /** Where docker keeps its logins; null: none is looked for. */
  readonly logins: Pick<LoginSearch, 'env' | 'homeDir'> | null
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
  pull: Pull & { readonly found: FoundLogin | null },
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
    stream.on('end', () => settle(failure === null ? undefined : unavailable({ ...pull, said: failure })))
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

function unavailable({
  image,
  found,
  said,
}: {
  readonly image: string
  readonly found: FoundLogin | null
  readonly said: string
}): FlotillaError {
  if (/no space left on device/i.test(said)) {
    return new FlotillaError('runtime/disk-full', `pull image ${image}: ${said}`, {
      hint: "make room on the engine's disk: docker system df, docker image prune",
    })
  }
  const words = said.replace(/^pull image .*?Docker says: /, '')
  return new FlotillaError('runtime/image-unavailable', `pull image ${image}: Docker says: ${words}`, {
    hint: isAboutLogin(words) ? loginHint(image, found) : `check the name and tag, or load it (docker load)`,
  })
}

/** Registries say so as well of an image that does not exist, so as not to give away which ones do. */
function isAboutLogin(words: string): boolean {
  return /unauthorized|authentication required|no basic auth|denied|forbidden|incorrect username/i.test(words)
}

function loginHint(image: string, found: FoundLogin | null): string {
  const server = registryOf(image)
  const login = server.startsWith('https:') ? 'docker login' : `docker login ${server}`
  return found === null
    ? `check the name and tag; for a private registry log in as the user that Flotilla runs as (${login}), or name a file with the login in spec.imagePull.secretFile`
    : `check the name and tag, and the login, which is from ${found.source}; to renew it: ${login}`
}

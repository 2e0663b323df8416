import { z } from 'zod'
import { FlotillaError } from '../../errors.js'
import { flotillaLabel } from '../labels.js'
import type { CallOptions } from '../runtime.js'
import { inBody } from './intercepted-docker.js'
import type { EngineClient } from './engine-client.js'
import { labels } from './schemas.js'
import type { VolumeFacts, VolumeSpec } from '../../model/engine.js'

type Call = CallOptions | undefined

const listedVolume = z.object({
  Name: z.string().min(1),
  Labels: labels,
  Driver: z.string(),
  Options: z.record(z.string(), z.string()).nullish(),
  CreatedAt: z.string().optional(),
})
type ListedVolume = z.infer<typeof listedVolume>

/** Null is how Go says none; an answer without the word says nothing, and unknown is not absent. */
const volumeList = z.object({ Volumes: z.array(listedVolume).nullable() })

export function listVolumes(client: EngineClient, call: Call): Promise<readonly VolumeFacts[]> {
  return client.call(
    { what: 'list volumes', timeoutMs: 30_000, signal: call?.signal },
    docker => docker.listVolumes({ filters: { label: [flotillaLabel] } }),
    ({ body }) => (volumeList.parse(body).Volumes ?? []).map(factsOf),
  )
}

export function findVolume(client: EngineClient, name: string, call: Call): Promise<VolumeFacts | null> {
  return client.call(
    { what: `find volume ${name}`, timeoutMs: 10_000, signal: call?.signal, accept: [404] },
    docker => docker.getVolume(name).inspect(),
    ({ status, body }) => (status === 404 ? null : factsOf(listedVolume.parse(body))),
  )
}

/**
 * Docker answers with the volume that is there, whoever made it: the labels of the one that is there decide.
 * One of another driver it does not look at, and says that there is a conflict, or, after 15 s, that there is
 * no such driver.
 */
export async function createVolume(client: EngineClient, spec: VolumeSpec, call: Call): Promise<void> {
  const { name, labels: wanted, driver = 'local', options = {} } = spec
  const asked = { Name: name, Driver: driver, DriverOpts: { ...options }, Labels: { ...wanted } }
  const { made, problem } = await client.call(
    {
      what: `create volume ${name}`,
      // A plugin is looked for for 15 s, for one volume after the other.
      timeoutMs: 90_000,
      signal: call?.signal,
      accept: [404, 409],
    },
    docker => docker.createVolume(inBody(asked)),
    ({ status, body }) =>
      status < 400
        ? { made: factsOf(listedVolume.parse(body)), problem: '' }
        : { made: null, problem: String(body) },
  )
  const there = made ?? (await findVolume(client, name, call))
  if (there === null)
    throw new FlotillaError('runtime/failed', `create volume ${name}: ${problem}`, {
      hint: `spec.persistence.volume.driver is ${driver}; which plugins the engine has: docker plugin ls`,
    })
  const owner = there.labels[flotillaLabel]
  if (owner === wanted[flotillaLabel]) return
  throw new FlotillaError(
    'runtime/name-taken',
    `create volume ${name}: a volume of this name exists, and ${owner === undefined ? 'Flotilla did not make it' : `belongs to flotilla ${owner}`}`,
    { hint: `look into it, and remove it if nobody needs it: docker volume inspect ${name}` },
  )
}

export async function removeVolume(client: EngineClient, name: string, call: Call): Promise<void> {
  await client.call(
    {
      what: `remove volume ${name}`,
      // Removing deletes the files one by one.
      timeoutMs: 120_000,
      signal: call?.signal,
      accept: [404],
    },
    docker => docker.getVolume(name).remove(),
    () => {},
  )
}

function factsOf(volume: ListedVolume): VolumeFacts {
  const createdAtMs = Date.parse(volume.CreatedAt ?? '')
  return {
    name: volume.Name,
    labels: volume.Labels ?? {},
    createdAtMs: Number.isNaN(createdAtMs) ? null : createdAtMs,
    driver: volume.Driver,
    options: volume.Options ?? {},
  }
}

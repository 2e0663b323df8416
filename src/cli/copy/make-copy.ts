import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../clock.js'
import { countedBytes } from '../../counted-bytes.js'
import { FlotillaError } from '../../errors.js'
import { noNetwork, type ImageFacts } from '../../model/engine.js'
import { nodeAlias } from '../../model/names.js'
import type { RdbSource } from '../../model/rdb-source.js'
import { newMemory, withPersistence } from '../../model/record.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { emptyConfig } from '../../reconciler/desired/accepted-config.js'
import {
  desiredContainer,
  desiredVolume,
  flotillaLabels,
  type NodeTemplate,
} from '../../reconciler/desired/desired-node.js'
import { probeImage } from '../../reconciler/execute/probe-image.js'
import { findServerUser, requireImage } from '../../reconciler/execute/server-user.js'
import { findOwnedResources } from '../../reconciler/loop/remove-flotilla.js'
import { canReadFormat } from '../../redis/rdb-format.js'
import { readDesired } from '../../session/manifest-source.js'
import { nextStep } from '../../session/edit-manifest.js'
import { selectFlotilla } from '../../session/manifests.js'
import type { Paths } from '../../session/open-store.js'
import { openSession, type Environment, type Session } from '../../session/session.js'
import { flotillaVersion } from '../../version.js'
import type { Output } from '../output.js'
import { watchProgress, type ByteProgress } from '../watch-progress.js'
import { copiedManifest, type CopyOptions } from './copied-manifest.js'
import { openOrigin, type Origin } from './origin.js'

const stepWords = { reading: 'reading a node of it', laying: 'writing to the volume of its node 0' }

export interface CopyRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly options: CopyOptions
  /** An RDB file, or a backup; null: the data that the flotilla holds now. */
  readonly from: string | null
}

/**
 * Makes a new flotilla of another one's manifest, and of its data as it is now, of a backup, or of an RDB
 * file: the data is laid on a new volume as a snapshot, the record of the new flotilla says that its node 0
 * is to be master of it, and the manifest, which comes last, has it come up. The other one is only read: its
 * replica, where it has one in sync, sends what a new replica would be sent.
 * @returns what was made, and what happens next.
 * @throws FlotillaError usage/invalid, manifest/… for what can't work, before anything is made.
 */
export async function makeCopy(request: CopyRequest, output: Output): Promise<string> {
  const { paths, env, name, options } = request
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { spec, source } = selectFlotilla(desired, name, paths.manifests)
    if (source === null) throw new FlotillaError('manifest/edit-refused', `no manifest declares ${name}`)
    const text = await readFile(source.file, 'utf8')
    const copy = copiedManifest(text, { file: source.file, document: source.document, spec }, options)
    const file = join(dirname(source.file), `${options.as}.yaml`)
    await refuseWhatIsThere(session, { file, name: options.as, declared: [...desired.flotillas.keys()] })
    const image = await requireImage(
      { runtime: session.runtime, signal: new AbortController().signal },
      copy.spec.image,
    )
    const progress = watchProgress(output, options.as, { words: stepWords, estimated: [] })
    const { onProgress } = progress
    const origin = await openOrigin(session, { spec, from: request.from }, { output, onProgress })
    try {
      await refuseUnreadable(session, { spec: copy.spec, origin })
      await layOnVolume(session, { spec: copy.spec, image, rdb: origin.rdb }, onProgress)
    } finally {
      progress.end()
      await origin.remove()
    }
    await writeFile(file, copy.text, { flag: 'wx', mode: (await stat(source.file)).mode & 0o777 })
    return `${file}: ${options.as} has the data of ${origin.what}; ${await nextStep(paths.state, options.as)}\n`
  } finally {
    session.close()
  }
}

async function refuseWhatIsThere(
  { runtime, store }: Session,
  made: { readonly file: string; readonly name: string; readonly declared: readonly string[] },
): Promise<void> {
  const { file, name, declared } = made
  const refuse = (what: string, hint: string): FlotillaError =>
    new FlotillaError('usage/invalid', `${name} can't be made: ${what}`, { hint })
  const other = 'Choose another name with --as. Nothing was changed.'
  if (declared.includes(name)) throw refuse('a manifest declares it already', other)
  if (existsSync(file)) throw refuse(`${file} is there already`, other)
  const { containers, volumes } = await findOwnedResources(runtime, name)
  const there = [...containers.map(one => one.name), ...volumes.map(one => one.volume)]
  if (there.length > 0 || (await store.knownFlotillas()).includes(name))
    throw refuse(
      `there is something of it already${there.length === 0 ? '' : ` (${there.join(', ')})`}`,
      `Choose another name with --as, or remove that, data included: flotilla down ${name} --volumes`,
    )
}

/** The server would end over it, and only its log would say why. */
async function refuseUnreadable(
  { runtime, redis, reach }: Session,
  { spec, origin: { rdbVersion, what } }: { readonly spec: FlotillaSpec; readonly origin: Origin },
): Promise<void> {
  if (rdbVersion === null) return
  const template = templateOf(spec, reach.mode === 'published')
  const { signal } = new AbortController()
  const { outcome } = await probeImage(
    {
      ...{ runtime, redis, reach: reach.mode, template, signal },
      nowMs: () => systemClock.nowMs(),
      sleep: ms => systemClock.sleep(ms),
    },
    { image: spec.image, options: {} },
  )
  if (outcome.kind !== 'answered' || outcome.rdbVersion === null) return
  if (canReadFormat(rdbVersion, { flavour: outcome.product, format: outcome.rdbVersion })) return
  throw new FlotillaError(
    'usage/invalid',
    `${what} has RDB version ${rdbVersion}, and ${spec.image} reads ${outcome.rdbVersion} at most: it is of a newer server`,
    { hint: 'Give an image that reads it with --image. Nothing was changed.' },
  )
}

async function layOnVolume(
  { runtime, store, reach }: Session,
  { spec, image, rdb }: { readonly spec: FlotillaSpec; readonly image: ImageFacts; readonly rdb: RdbSource },
  onProgress: (progress: ByteProgress<'laying'>) => void,
): Promise<void> {
  const template = templateOf(spec, reach.mode === 'published')
  const volume = desiredVolume(template, 0)
  const { signal } = new AbortController()
  await runtime.createVolume(volume, { signal })
  const holder = {
    ...desiredContainer(template, 0, {
      ...{ name: `${nodeAlias(spec.name, 0)}-copy`, volume: volume.name, image, byId: false },
    }),
    ...{ labels: flotillaLabels(template), publishPort: null, attachment: noNetwork },
  }
  try {
    const containerId = await runtime.createContainer(holder, [], { signal })
    try {
      const uid = await findServerUser(runtime, { containerId, image }, signal)
      const bytes = countedBytes(await rdb.open(), doneBytes =>
        onProgress({ step: 'laying', doneBytes, totalBytes: rdb.sizeBytes }),
      )
      const modifiedAtMs = systemClock.nowMs()
      await runtime.putStream(
        containerId,
        {
          ...{ path: '/data/dump.rdb', mode: 0o600, uid, gid: uid, modifiedAtMs },
          ...{ bytes, sizeBytes: rdb.sizeBytes },
        },
        { signal },
      )
    } finally {
      await runtime.removeContainer(containerId)
    }
    const memory = {
      ...newMemory(spec.name),
      master: { ordinal: 0, sinceMs: systemClock.nowMs(), lineage: null },
    }
    // A snapshot is what its volume holds: where the manifest asks for another way, that is gone over to
    // while the node runs, as ever, and no append-only file that is not there is waited for.
    const current = { mode: 'rdb', save: ['3600 1'], appendfsync: 'everysec' } as const
    await store.saveMemory(withPersistence(memory, 0, { current }))
  } catch (error) {
    await runtime.removeVolume(volume.name).catch(() => undefined)
    throw error
  }
}

function templateOf(spec: FlotillaSpec, publish: boolean): NodeTemplate {
  return { spec, publish, flotillaVersion, config: emptyConfig }
}

import { createReadStream, existsSync } from 'node:fs'
import { open, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { rdbVersionOf } from '../../backup/backup.js'
import { systemClock } from '../../clock.js'
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
import { nodeTarget } from '../../reconciler/observe/observe.js'
import { canReadFormat } from '../../redis/rdb-format.js'
import { readDesired } from '../../session/manifest-source.js'
import { nextStep } from '../../session/edit-manifest.js'
import { selectFlotilla } from '../../session/manifests.js'
import type { Paths } from '../../session/open-store.js'
import { openSession, type Environment, type Session } from '../../session/session.js'
import { formatBytes } from '../../units.js'
import { flotillaVersion } from '../../version.js'
import { observeOnce } from '../observe-once.js'
import { peekCredentials } from '../../session/peek-credentials.js'
import type { Output } from '../output.js'
import { copiedManifest, type CopyOptions } from './copied-manifest.js'

export interface CopyRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly options: CopyOptions
  /** An RDB file; null: the data that the flotilla holds now. */
  readonly from: string | null
}

/**
 * Makes a new flotilla of another one's manifest and of its data as it is now, or of an RDB file: the data is
 * laid on a new volume as a snapshot, the record of the new flotilla says that its node 0 is to be master of
 * it, and the manifest, which comes last, has it come up. The other one is only read: its replica, where it
 * has one in sync, sends what a new replica would be sent.
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
    const taken = request.from === null ? await takeFrom(session, spec, output) : null
    try {
      const rdb = resolve(taken?.file ?? request.from ?? '')
      await refuseUnreadable(session, { spec: copy.spec, rdb })
      const sizeBytes = await layOnVolume(session, { spec: copy.spec, image, rdb })
      output.note(`${options.as}: ${formatBytes(sizeBytes)} are on the volume of its node 0`)
    } finally {
      await taken?.remove()
    }
    await writeFile(file, copy.text, { flag: 'wx', mode: (await stat(source.file)).mode & 0o777 })
    return `${file}: ${options.as} has the data of ${request.from ?? name}; ${await nextStep(paths.state, options.as)}\n`
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

/** Into a file of the state directory, because an engine wants to know how much comes. */
async function takeFrom(
  session: Session,
  spec: FlotillaSpec,
  output: Output,
): Promise<{ readonly file: string; readonly remove: () => Promise<void> }> {
  const { members } = await observeOnce(session, spec)
  const node =
    members.wanted.find(({ bucket }) => bucket === 'online') ??
    members.wanted.find(({ bucket }) => bucket === 'master')
  if (node?.seen === undefined || node.seen === null)
    throw new FlotillaError('usage/invalid', `${spec.name} has no node that could be copied`, {
      hint: spec.hibernate
        ? `It is hibernated; type first: flotilla wake ${spec.name}`
        : `See: flotilla status ${spec.name}`,
    })
  const credentials = await peekCredentials(session, spec)
  const target = nodeTarget(session.reach.mode, { flotilla: spec.name, credentials }, node.seen.container)
  if (target === null)
    throw new FlotillaError('redis/unreachable', `node ${node.ordinal} can't be reached from here`)
  const folder = await mkdtemp(join(session.store.directory, '.copy-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const snapshot = await session.redis.openSnapshot(target, { silenceMs: 60_000 })
    const file = join(folder, 'dump.rdb')
    const handle = await open(file, 'wx', 0o600)
    const progress = new Progress(output, `${spec.name}: copied from ${node.seen.container.name}`)
    try {
      for await (const piece of snapshot.bytes) {
        await handle.write(piece)
        progress.add(piece.length, snapshot.sizeBytes)
      }
    } finally {
      snapshot.close()
      await handle.close()
    }
    return { file, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The server would end over it, and only its log would say why. */
async function refuseUnreadable(
  { runtime, redis, reach }: Session,
  { spec, rdb }: { readonly spec: FlotillaSpec; readonly rdb: string },
): Promise<void> {
  const head = await readHead(rdb)
  const version = rdbVersionOf(head)
  if (version === null)
    throw new FlotillaError('usage/invalid', `${rdb} is no RDB file: it does not begin with REDIS`, {
      hint: 'Give the dump.rdb of a Redis or Valkey. Nothing was changed.',
    })
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
  if (canReadFormat(version, { flavour: outcome.product, format: outcome.rdbVersion })) return
  throw new FlotillaError(
    'usage/invalid',
    `${rdb} has RDB version ${version}, and ${spec.image} reads ${outcome.rdbVersion} at most: it is of a newer server`,
    { hint: 'Give an image that reads it with --image. Nothing was changed.' },
  )
}

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new FlotillaError('usage/invalid', `${file} can't be read`, {
      hint: 'Name an RDB file with --from. Nothing was changed.',
      cause: error,
    })
  })
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(9), 0, 9, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** @returns how much it is, bytes. */
async function layOnVolume(
  { runtime, store, reach }: Session,
  { spec, image, rdb }: { readonly spec: FlotillaSpec; readonly image: ImageFacts; readonly rdb: string },
): Promise<number> {
  const template = templateOf(spec, reach.mode === 'published')
  const volume = desiredVolume(template, 0)
  const { signal } = new AbortController()
  const data: RdbSource = { sizeBytes: (await stat(rdb)).size, open: async () => createReadStream(rdb) }
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
      const bytes = await data.open()
      const modifiedAtMs = systemClock.nowMs()
      await runtime.putStream(
        containerId,
        {
          ...{ path: '/data/dump.rdb', mode: 0o600, uid, gid: uid, modifiedAtMs },
          ...{ bytes, sizeBytes: data.sizeBytes },
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
  return data.sizeBytes
}

function templateOf(spec: FlotillaSpec, publish: boolean): NodeTemplate {
  return { spec, publish, flotillaVersion, config: emptyConfig }
}

/** A line every few seconds, with the time that is left where the whole is known. */
class Progress {
  readonly #output: Output
  readonly #what: string
  readonly #startedMs = systemClock.monotonicMs()
  #toldMs = systemClock.monotonicMs()
  #bytes = 0

  constructor(output: Output, what: string) {
    this.#output = output
    this.#what = what
  }

  add(bytes: number, totalBytes: number | null): void {
    this.#bytes += bytes
    const nowMs = systemClock.monotonicMs()
    if (nowMs - this.#toldMs < 3_000) return
    this.#toldMs = nowMs
    const rate = this.#bytes / (nowMs - this.#startedMs)
    const left = totalBytes === null ? '' : `, ${Math.ceil((totalBytes - this.#bytes) / rate / 1_000)} s left`
    this.#output.note(`${this.#what}: ${formatBytes(this.#bytes)}${left}`)
  }
}

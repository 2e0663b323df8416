import { createHash } from 'node:crypto'
import type { Clock } from '../clock.js'
import { countedBytes } from '../counted-bytes.js'
import { FlotillaError } from '../errors.js'
import type { NodeTarget, RedisFacts } from '../model/redis.js'
import type { RedisPort } from '../redis/redis.js'
import { backupName, objectNames, rdbVersionOf, type BackupManifest } from './backup.js'
import type { BackupKey } from './encryption.js'
import { drawSample, keepUnchanged, renderSample, type Evaluate, type SampledKey } from './sample.js'
import { writeText, type BackupStore } from './store.js'

export interface TakeTools {
  readonly redis: Pick<RedisPort, 'probe' | 'openSnapshot' | 'command'>
  readonly clock: Clock
  /** Six hexadecimal digits. */
  readonly random: () => string
  readonly signal: AbortSignal
  readonly onProgress: (progress: TakeProgress) => void
}

export interface TakeProgress {
  readonly doneBytes: number
  /** About how many there will be, from what the data takes in memory; null where not even that is known. */
  readonly totalBytes: number | null
}

export interface TakeRequest {
  readonly flotilla: string
  readonly epoch: number
  readonly store: BackupStore
  readonly key: BackupKey | null
  readonly source: BackupSource
}

/** The node that it is read from. */
export interface BackupSource {
  readonly ordinal: number
  readonly image: string
  readonly target: NodeTarget
  /** As whom its keys are looked at for the sample; null: as nobody, there is none. */
  readonly reader: NodeTarget | null
}

/** While a large data set is forked, and a server that waits for its turn to. */
const silenceMs = 120_000
const askMs = 10_000

/**
 * Reads the data set of a node as a replica would and writes it to the store as it comes, then the manifest.
 * Nothing of it is written anywhere else, and no more than some pieces of it are in memory.
 * @throws FlotillaError redis/… where the node is to blame, backup/… where the store is.
 */
export async function takeBackup(tools: TakeTools, request: TakeRequest): Promise<BackupManifest> {
  const { redis, clock, signal } = tools
  const { flotilla, epoch, store, key, source } = request
  const startedMs = clock.monotonicMs()
  const before = await factsOf(tools, source.target)
  const drawn = await drawFrom(tools, source, before)
  const snapshot = await redis.openSnapshot(source.target, { silenceMs })
  try {
    const takenAtMs = clock.nowMs()
    const name = backupName(flotilla, takenAtMs, tools.random())
    const after = await factsOf(tools, source.target)
    const sample = await stillSame(tools, source, drawn)
    const totalBytes = snapshot.sizeBytes ?? before.memory.usedBytes
    const plain = measured(snapshot.bytes, doneBytes => tools.onProgress({ doneBytes, totalBytes }))
    const fileName = `${name}.rdb${key === null ? '' : '.age'}`
    let storedBytes = 0
    const stored = countedBytes(await encryptedFor(key, plain.bytes), doneBytes => (storedBytes = doneBytes))
    await store.write(objectNames.file(flotilla, fileName), stored, { signal })
    const manifest: BackupManifest = {
      version: 1,
      name,
      flotilla,
      takenAt: new Date(takenAtMs).toISOString(),
      source: {
        node: source.ordinal,
        role: before.role,
        product: before.flavour,
        version: before.version,
        image: source.image,
      },
      epoch,
      replid: snapshot.replid,
      offset: snapshot.offset,
      rdbVersion: rdbVersionOf(plain.head()),
      keys: { before: before.keysByDatabase, after: after.keysByDatabase },
      counted: { beforeOffset: before.offset, afterOffset: after.offset },
      file: {
        name: fileName,
        sizeBytes: plain.sizeBytes(),
        sha256: plain.sha256(),
        storedBytes,
        encryption: key === null ? 'none' : 'age',
      },
      sample: sample === null ? null : await sealSample(key, sample),
      tookMs: Math.round(clock.monotonicMs() - startedMs),
    }
    await writeText(store, objectNames.manifest(flotilla, name), `${JSON.stringify(manifest, null, 2)}\n`, {
      signal,
    })
    return manifest
  } finally {
    snapshot.close()
  }
}

async function factsOf({ redis }: TakeTools, target: NodeTarget): Promise<RedisFacts> {
  const probe = await redis.probe(target, { deadlineMs: askMs })
  if (probe.kind === 'answered') return probe.facts
  throw new FlotillaError(
    'redis/unreachable',
    `${target.nodeAlias}: it does not answer (${'reason' in probe ? probe.reason : probe.kind})`,
  )
}

/**
 * The sample is one proof more, not the backup: a user who may not run scripts, or no user at all, leaves it
 * out.
 */
async function drawFrom(
  { redis, clock }: TakeTools,
  { reader }: BackupSource,
  { keysByDatabase }: RedisFacts,
): Promise<readonly SampledKey[] | null> {
  if (reader === null) return null
  try {
    return await drawSample(evaluateOn(redis, reader), keysByDatabase, clock.nowMs())
  } catch (error) {
    if (error instanceof FlotillaError) return null
    throw error
  }
}

async function stillSame(
  { redis }: TakeTools,
  { reader }: BackupSource,
  drawn: readonly SampledKey[] | null,
): Promise<readonly SampledKey[] | null> {
  if (reader === null || drawn === null) return null
  try {
    return await keepUnchanged(evaluateOn(redis, reader), drawn)
  } catch (error) {
    if (error instanceof FlotillaError) return null
    throw error
  }
}

function evaluateOn(redis: Pick<RedisPort, 'command'>, reader: NodeTarget): Evaluate {
  return (script, args) => redis.command(reader, ['EVAL', script, '0', ...args], { deadlineMs: askMs })
}

async function encryptedFor(
  key: BackupKey | null,
  bytes: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  if (key === null) return bytes
  const { encrypted } = await import('./encryption.js')
  return encrypted(bytes, key)
}

/** Names of keys are data too: they are as closed as the file is. */
async function sealSample(key: BackupKey | null, sample: readonly SampledKey[]): Promise<string> {
  const text = renderSample(sample)
  if (key === null) return text
  const { sealText } = await import('./encryption.js')
  return sealText(text, key)
}

interface Measured {
  readonly bytes: AsyncIterable<Uint8Array>
  sizeBytes(): number
  /** Of all of it; once, at the end. */
  sha256(): string
  /** Its first bytes. */
  head(): Uint8Array
}

function measured(bytes: AsyncIterable<Uint8Array>, onBytes: (sum: number) => void): Measured {
  const hash = createHash('sha256')
  let size = 0
  let head = Buffer.alloc(0)
  async function* passed(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      hash.update(piece)
      size += piece.length
      if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes)])
      yield piece
      onBytes(size)
    }
  }
  return { bytes: passed(), sizeBytes: () => size, sha256: () => hash.digest('hex'), head: () => head }
}

const headBytes = 16

import { randomBytes } from 'node:crypto'
import type { FlotillaMemory } from '../model/record.js'
import { markLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { diskFiles, type StateFiles } from '../files.js'
import { isMarkOf, newMark, type MarkedObject } from './mark.js'
import { readOwner, writeOwner, type OwnerRecord } from './owner-file.js'
import { findLegacyObjects, readMemories, type FlotillaMemories } from './legacy-objects.js'
import { claimOf, type EngineObject } from './engine-object.js'

/**
 * Decides what is ours: what carries a mark made with the key of this state directory, or was taken over or
 * claimed by its id. What is proven once stays so, as labels can't be changed; a claim that a person makes
 * beside a daemon is heard at its next look.
 */
export class Owner {
  readonly #directory: string
  readonly #runtime: Runtime
  readonly #memories: FlotillaMemories
  readonly #files: StateFiles
  readonly #randomBytes: (size: number) => Buffer
  #record: OwnerRecord | null = null
  #memoryByFlotilla: ReadonlyMap<string, FlotillaMemory> | null = null
  #finding: Promise<OwnerRecord> | null = null
  #mayWrite = false
  #isWritten = false
  readonly #proven = new Set<string>()
  readonly #imageMarks = new Map<string, string | null>()

  /** `runtime` shows things as they are on the engine. */
  constructor(options: {
    readonly directory: string
    readonly runtime: Runtime
    readonly memories: FlotillaMemories
    readonly files?: StateFiles
    readonly randomBytes?: (size: number) => Buffer
  }) {
    this.#directory = options.directory
    this.#runtime = options.runtime
    this.#memories = options.memories
    this.#files = options.files ?? diskFiles
    this.#randomBytes = options.randomBytes ?? randomBytes
  }

  async isOwned(engineObject: EngineObject): Promise<boolean> {
    const claim = claimOf(engineObject)
    if (this.#proven.has(claim)) return true
    const isOwned = await this.#isProven(engineObject)
    if (isOwned) this.#proven.add(claim)
    return isOwned
  }

  /**
   * Says that this process holds the lock of the directory: what is found out is written down. To be called
   * before anything else is written there: a memory that is made from now on is not an earlier version's.
   */
  async onLockAcquired(): Promise<void> {
    this.#mayWrite = true
    this.#record = null
    if ((await this.#read()) !== null) return
    this.#memoryByFlotilla = await readMemories(this.#memories)
    if (this.#memoryByFlotilla.size === 0) await this.#write({ key: this.#randomBytes(32), claimed: [] })
  }

  /** The labels of something that is about to be made, with its mark. Only for the holder of the lock. */
  async mark({ kind, name, labels }: MarkedObject): Promise<Readonly<Record<string, string>>> {
    const record = await this.#known()
    // Before the first thing that it is to prove: a key that is lost proves nothing.
    if (!this.#isWritten) await this.#write(record)
    const nonce = this.#randomBytes(8).toString('hex')
    return { ...labels, [markLabel]: newMark(record.key, { kind, name, labels }, nonce) }
  }

  /** From now on these are ours, as a person says. */
  async claim(engineObjects: readonly EngineObject[]): Promise<void> {
    const { key, claimed } = (await this.#read()) ?? (await this.#known())
    await this.#write({ key, claimed: [...new Set([...claimed, ...engineObjects.map(claimOf)])] })
  }

  async #isProven(engineObject: EngineObject): Promise<boolean> {
    if (await this.#proves(await this.#known(), engineObject)) return true
    const now = await this.#read()
    return now !== null && (await this.#proves(now, engineObject))
  }

  async #proves({ key, claimed }: OwnerRecord, engineObject: EngineObject): Promise<boolean> {
    if (claimed.includes(claimOf(engineObject))) return true
    const { kind, facts } = engineObject
    const { name, labels } = facts
    const mark = labels[markLabel]
    if (mark === undefined || !isMarkOf(key, { kind, name, labels }, mark)) return false
    return kind !== 'container' || (await this.#markOfImage(facts.imageId)) !== mark
  }

  /**
   * An image never changes under its id. Null also for one that is gone: who forged a mark would have needed
   * the key.
   */
  async #markOfImage(imageId: string): Promise<string | null> {
    const known = this.#imageMarks.get(imageId)
    if (known !== undefined) return known
    const image = await this.#runtime.findImage(imageId)
    const mark = image?.labels[markLabel] ?? null
    if (image !== null) this.#imageMarks.set(imageId, mark)
    return mark
  }

  /** Found out once, however many ask. */
  #known(): Promise<OwnerRecord> {
    if (this.#record !== null) return Promise.resolve(this.#record)
    this.#finding ??= this.#find().finally(() => {
      this.#finding = null
    })
    return this.#finding
  }

  async #find(): Promise<OwnerRecord> {
    const before = await this.#read()
    if (before !== null) return before
    const memoryByFlotilla = this.#memoryByFlotilla ?? (await readMemories(this.#memories))
    const found = await findLegacyObjects(this.#runtime, memoryByFlotilla)
    const record = { key: this.#randomBytes(32), claimed: found.map(claimOf) }
    if (this.#mayWrite) await this.#write(record)
    return (this.#record = record)
  }

  async #read(): Promise<OwnerRecord | null> {
    const record = await readOwner(this.#files, this.#directory)
    if (record !== null) {
      this.#record = record
      this.#isWritten = true
    }
    return record
  }

  async #write(record: OwnerRecord): Promise<void> {
    await writeOwner(this.#files, this.#directory, record)
    this.#record = record
    this.#isWritten = true
  }
}

/**
 * The port to a place for backups: named objects, each whole or not there. Adapters (path-store.ts,
 * s3-store.ts, and in tests a fake) pass the contract suite in test/contract/backup-store-contract.ts.
 *
 * Promises: every call ends when nothing moves any more, or its signal aborts; it rejects only with
 * FlotillaError, code `backup/…`, or with what the bytes that it is given fail with. Names are of
 * `[A-Za-z0-9._/-]`, and lie below a folder of the store's own.
 */
export interface BackupStore {
  /** Where it is, for people: `/srv/backups`, `s3://bucket/prefix`. */
  readonly place: string
  /** Whole objects whose names begin so, sorted by name. */
  list(prefix: string, call?: StoreCall): Promise<readonly StoredObject[]>
  /**
   * Writes an object as its bytes come. It is there when this has resolved, and lasts; when it rejects, or
   * this process dies, there is none. Fails with backup/exists rather than replace one.
   */
  write(name: string, bytes: AsyncIterable<Uint8Array>, call?: StoreCall): Promise<void>
  /** Reads an object, from its first byte. Fails with backup/not-found when there is none. */
  read(name: string, call?: StoreCall): Promise<AsyncIterable<Uint8Array>>
  /** Gone already is success. */
  remove(name: string, call?: StoreCall): Promise<void>
  /**
   * Removes what writes that never ended have left below this prefix, for whoever knows that none is under
   * way. @returns how many.
   */
  removeUnfinished(prefix: string, call?: StoreCall): Promise<number>
}

export interface StoreCall {
  readonly signal?: AbortSignal
}

export interface StoredObject {
  readonly name: string
  readonly sizeBytes: number
}

/** A small object as a whole. @throws FlotillaError backup/not-found. */
export async function readText(store: BackupStore, name: string, call?: StoreCall): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of await store.read(name, call)) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

export async function writeText(
  store: BackupStore,
  name: string,
  text: string,
  call?: StoreCall,
): Promise<void> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from(text))
  }
  await store.write(name, whole(), call)
}

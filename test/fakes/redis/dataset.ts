/**
 * What a node holds, as the history of its writes: each is a link that knows the one before. It never
 * changes, so a copy is a reference, and whether one node has everything that another one has is a walk.
 */
export interface Dataset {
  readonly parent: Dataset | null
  readonly key: string
  readonly value: string
  /** Distinct keys. */
  readonly keys: number
  /** Writes since the beginning. */
  readonly depth: number
}

export const emptyDataset: Dataset = { parent: null, key: '', value: '', keys: 0, depth: 0 }

/** The key of a write that deletes all others, as FLUSHALL does. */
export const flush = '(flush)'

export function withWrite(data: Dataset, key: string, value: string): Dataset {
  const keys = key === flush ? 0 : data.keys + (valueOf(data, key) === null ? 1 : 0)
  return { parent: data, key, value, keys, depth: data.depth + 1 }
}

export function valueOf(data: Dataset, key: string): string | null {
  for (let write: Dataset | null = data; write !== null && write.depth > 0; write = write.parent) {
    if (write.key === flush) return null
    if (write.key === key) return write.value
  }
  return null
}

/**
 * Whether `data` holds all that `other` holds, and nothing in between is missing: it is the same, or `other`
 * goes on from there.
 */
export function holdsAllOf(data: Dataset, other: Dataset): boolean {
  let write: Dataset | null = data
  while (write !== null && write.depth > other.depth) write = write.parent
  return write === other || other.depth === 0
}

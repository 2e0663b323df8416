import { FlotillaError } from '../../../src/errors.js'
import type { NodeTarget, SnapshotStream } from '../../../src/model/redis.js'
import type { FakeProcess } from './fake-process.js'

/** What PSYNC ? -1 hands over: not an RDB file, but it begins as one and tells how many keys there were. */
export function fakeSnapshot(target: NodeTarget, process: FakeProcess): Uint8Array {
  if (process.upstream !== null && process.link?.state !== 'up')
    throw new FlotillaError('redis/refused-command', `${target.nodeAlias}: PSYNC ? -1: NOMASTERLINK`)
  return new TextEncoder().encode(`REDIS0010, ${process.data.keys} keys`)
}

export function openFakeSnapshot(target: NodeTarget, process: FakeProcess): SnapshotStream {
  const snapshot = fakeSnapshot(target, process)
  const { replid, offset } = process
  return {
    replid,
    offset,
    sizeBytes: null,
    bytes: piecesOf(target, process, snapshot),
    close: () => undefined,
  }
}

async function* piecesOf(
  target: NodeTarget,
  process: FakeProcess,
  snapshot: Uint8Array,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < snapshot.length; at += 8) {
    await Promise.resolve()
    if (process.state === 'ended')
      throw new FlotillaError(
        'redis/unreachable',
        `${target.nodeAlias}: PSYNC ? -1: the connection was closed`,
      )
    yield snapshot.subarray(at, at + 8)
  }
}

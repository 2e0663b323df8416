import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  archiveAgeMsMax,
  findExpired,
  newerBytesMax,
  type Archive,
} from '../../../src/reconciler/execute/archive-retention.js'

const hourMs = 3_600_000
const nowMs = 100 * archiveAgeMsMax
const small = 10_000

/** `[epoch, size]`, the newest first, an hour apart. */
function archives(...all: readonly (readonly [number, number])[]): readonly Archive[] {
  return all.map(([epoch, sizeBytes], index) => ({
    ...{ name: `epoch-${epoch}`, sizeBytes },
    atMs: nowMs - index * hourMs,
  }))
}

const expired = (all: readonly Archive[], atMs = nowMs): readonly string[] =>
  findExpired(all, atMs).map(({ name, reason }) => `${name}: ${reason}`)

test('of small archives the newest three stay for a week, and the newest for good', () => {
  const four = archives([5, small], [4, small], [3, small], [2, small])
  assert.deepEqual(expired(four), ['epoch-2: there are 3 newer ones'])
  const tooOld = 'set aside more than 7 days ago, and there is a newer one'
  assert.deepEqual(expired(four, nowMs + archiveAgeMsMax + 1), [
    `epoch-4: ${tooOld}`,
    `epoch-3: ${tooOld}`,
    `epoch-2: ${tooOld}`,
  ])
})

test('an archive goes once newer ones hold a gigabyte, however young it is', () => {
  const half = newerBytesMax / 2
  assert.deepEqual(expired(archives([4, half], [3, half], [2, small])), [
    'epoch-2: newer ones hold 1 GiB or more',
  ])
  assert.deepEqual(expired(archives([4, half], [3, half - 1], [2, small])), [])
})

test('whatever six failovers of a node of 2 GB have archived, one data set is what stays', () => {
  const twoGigabytes = 2 * newerBytesMax
  const six = archives(...[7, 6, 5, 4, 3, 2].map(epoch => [epoch, twoGigabytes] as const))
  assert.equal(expired(six).length, 5)
})

test('a small archive drives out no large one: after a FLUSHALL by mistake the older one has the data', () => {
  assert.deepEqual(expired(archives([3, small], [2, 8 * newerBytesMax])), [])
})

test('the newest stays whatever its size, and of two of one moment that is the later epoch', () => {
  const moment = (name: string): Archive => ({ name, atMs: nowMs, sizeBytes: 2 * newerBytesMax })
  assert.deepEqual(
    findExpired(['epoch-9', 'epoch-10', 'epoch-10.2'].map(moment), nowMs).map(({ name }) => name),
    ['epoch-10', 'epoch-9'],
  )
})

test('of copies that no server could read the newest stays, and drives out nothing that a master held', () => {
  const unreadable = (name: string, atMs: number): Archive => ({ name, atMs, sizeBytes: 2 * newerBytesMax })
  assert.deepEqual(
    expired([
      unreadable('unreadable.2', nowMs + 1),
      unreadable('unreadable', nowMs),
      ...archives([2, newerBytesMax]),
    ]),
    ['unreadable: no server could read it, and there is a newer one'],
  )
})

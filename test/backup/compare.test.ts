import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleThatLives, whyNotTheSame, type RestoredCopy } from '../../src/backup/compare.js'
import type { SampledKey } from '../../src/backup/sample.js'
import { manifestOf } from './support/backups.js'

const nowMs = 1_000_000_000
const key = (name: string, ttlAtMs: number | null = null): SampledKey => ({
  ...{ database: 3, key: Buffer.from(name).toString('hex'), digest: name, ttlAtMs },
})

/** @param bytes that went through the stream while keys were counted. */
function judge(
  { before, after, bytes = 0 }: { readonly before: number; readonly after: number; readonly bytes?: number },
  copy: Partial<RestoredCopy>,
  sample: readonly SampledKey[] = [],
): string | null {
  const manifest = manifestOf('2026-11-28T00:00Z', {
    keys: { before: { 0: before - 1, 3: 1 }, after: { 0: after } },
    counted: { beforeOffset: 500, afterOffset: 500 + bytes },
  })
  return whyNotTheSame(manifest, { keys: {}, expired: 0, unchanged: [], ...copy }, { sample, nowMs })
}

test('as many keys as its source had, over all databases, are right, and one more or fewer is wrong', () => {
  const still = { before: 10, after: 10 }
  assert.equal(judge(still, { keys: { 0: 4, 3: 6 } }), null)
  assert.equal(judge(still, { keys: { 0: 9 } }), 'it has 9 keys, and its source had 10 or more')
  assert.equal(judge(still, { keys: { 0: 11 } }), 'it has 11 keys, and its source had 10 at most')
  assert.equal(judge(still, { keys: {} }), 'it has 0 keys, and its source had 10 or more')
})

test('keys that have expired since count as there', () => {
  const still = { before: 10, after: 10 }
  assert.equal(judge(still, { keys: { 0: 7 }, expired: 3 }), null)
  assert.equal(
    judge(still, { keys: { 0: 7 }, expired: 2 }),
    'it has 7 keys and 2 that have expired, and its source had 10 or more',
  )
})

test('what writers did between the two counts widens the bounds by no more than their bytes can have changed', () => {
  for (const counts of [
    { before: 10, after: 20 },
    { before: 20, after: 10 },
  ]) {
    for (const keys of [8, 10, 15, 20, 22])
      assert.equal(judge({ ...counts, bytes: 14 }, { keys: { 0: keys } }), null)
    assert.match(judge({ ...counts, bytes: 14 }, { keys: { 0: 7 } }) ?? '', /had 8 or more/)
    assert.match(judge({ ...counts, bytes: 14 }, { keys: { 0: 23 } }) ?? '', /had 22 at most/)
  }
})

test('one key of the sample that holds something else is enough', () => {
  const [a, b] = [key('a'), key('b')]
  const still = { before: 10, after: 10 }
  assert.equal(judge(still, { keys: { 0: 10 }, unchanged: [a, b] }, [a, b]), null)
  assert.equal(
    judge(still, { keys: { 0: 10 }, unchanged: [a] }, [a, b]),
    '1 of 2 keys that were compared hold something else, or are gone (one of database 3)',
  )
})

test('a key of the sample that has expired, or does so within a minute, is no loss', () => {
  const lives = key('lives', nowMs + 60_001)
  const goes = key('goes', nowMs + 60_000)
  const gone = key('gone', nowMs - 1)
  const stays = key('stays')
  assert.deepEqual(sampleThatLives({ sample: [lives, goes, gone, stays], nowMs }), [lives, stays])
  assert.equal(judge({ before: 1, after: 1 }, { keys: { 0: 1 } }, [goes, gone]), null)
  assert.match(judge({ before: 1, after: 1 }, { keys: { 0: 1 } }, [lives]) ?? '', /^1 of 1 keys/)
})

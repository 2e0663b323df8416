import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, duration } from '../../src/manifest/units.js'

const anyDuration = duration({ minMs: 0, maxMs: 86_400_000 })

test('a duration says its unit, and becomes milliseconds', () => {
  const read = ['0s', '500ms', '5s', '2m', '1h', '1d'].map(text => anyDuration.parse(text))
  assert.deepEqual(read, [0, 500, 5_000, 120_000, 3_600_000, 86_400_000])
})

test('a duration without a unit, with another one, or out of its bounds is none', () => {
  for (const wrong of [5, '5', '5 s', '1w', '-1s', '1.5s', '25h', ''])
    assert.equal(anyDuration.safeParse(wrong).success, false, String(wrong))
})

test('bytes have the units of redis.conf: kb is 1024, k is 1000', () => {
  const read = [0, 1_024, '512', '64kb', '64k', '10MB', '1gb', '2g', '7b'].map(text => bytes().parse(text))
  assert.deepEqual(read, [0, 1_024, 512, 65_536, 64_000, 10_485_760, 1_073_741_824, 2_000_000_000, 7])
})

test('what is no number of bytes, or more than can be counted, is refused', () => {
  for (const wrong of [-1, 1.5, '10tb', 'much', '', '99999999999gb'])
    assert.equal(bytes().safeParse(wrong).success, false, String(wrong))
})

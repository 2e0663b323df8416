import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAge, formatBytes, parseSince } from '../../src/units.js'
import { FlotillaError } from '../../src/errors.js'

for (const [ms, text] of [
  [-5, '0s'],
  [999, '0s'],
  [119_000, '119s'],
  [200_000, '3m20s'],
  [600_000, '10m'],
  [119 * 60_000, '119m'],
  [2 * 3_600_000, '2h'],
  [5 * 3_600_000 + 12 * 60_000, '5h12m'],
  [47 * 3_600_000, '47h'],
  [52 * 3_600_000, '2d4h'],
  [31 * 86_400_000, '31d'],
] as const)
  test(`${ms} ms are ${text}`, () => assert.equal(formatAge(ms), text))

for (const [bytes, text] of [
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1KiB'],
  [1536, '1.5KiB'],
  [64 * 1024 ** 2, '64MiB'],
  [3 * 1024 ** 5, '3072TiB'],
] as const)
  test(`${bytes} bytes are ${text}`, () => assert.equal(formatBytes(bytes), text))

for (const [text, agoMs] of [
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
] as const)
  test(`--since ${text} is so long ago`, () => assert.equal(parseSince(text, 1e12), 1e12 - agoMs))

test('--since takes a moment', () => {
  assert.equal(parseSince('2026-11-23T12:00:00Z', 0), Date.UTC(2026, 10, 23, 12))
})

for (const text of ['', '5', '5x', '-5m', 'yesterday', '2026-99-99', 'h5'])
  test(`--since ${JSON.stringify(text)} is told what to write`, () => {
    assert.throws(
      () => parseSince(text, 0),
      (error: unknown) =>
        error instanceof FlotillaError && error.code === 'usage/invalid' && /15m/.test(error.hint ?? ''),
    )
  })

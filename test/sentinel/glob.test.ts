import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGlob } from '../../src/sentinel/glob.js'

for (const [pattern, text, isMatch] of [
  ['*', '+switch-master', true],
  ['+switch-master', '+switch-master', true],
  ['switch-master', '+switch-master', false],
  ['[-+]sdown', '+sdown', true],
  ['[-+]sdown', '-sdown', true],
  ['[-+]sdown', 'xsdown', false],
  ['[^-]sdown', '-sdown', false],
  ['[^-]sdown', '+sdown', true],
  ['[a-c]x', 'bx', true],
  ['[c-a]x', 'bx', true],
  ['[a-c]x', 'dx', false],
  ['[a\\-c]x', '-x', true],
  ['[a\\-c]x', 'bx', false],
  ['?slave', '+slave', true],
  ['?slave', 'slave', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['+*down*', '+sdown', true],
  ['*a*b*', 'xxaxxbxx', true],
  ['*a*b', 'xxaxxbxx', false],
  ['', '', true],
  ['', 'a', false],
  ['[ab', 'a', true],
  ['[]', 'a', false],
] as const)
  test(`${pattern} ${isMatch ? 'means' : 'does not mean'} ${text}`, () => {
    assert.equal(matchesGlob(pattern, text), isMatch)
  })

test('a pattern of stars that fits nowhere costs no more than the product of the lengths', () => {
  const startedMs = performance.now()
  assert.equal(matchesGlob('*a'.repeat(128), 'a'.repeat(127)), false)
  assert.equal(matchesGlob(`${'*?'.repeat(100)}b`, 'a'.repeat(256)), false)
  assert.ok(performance.now() - startedMs < 1_000)
})

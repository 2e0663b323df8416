import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { matchesPattern } from '../src/wildcard.js'

describe('a pattern', () => {
  const fits = [
    'node.died',
    'node.*',
    '*',
    '*.died',
    'n*d',
    '*o*e*',
    'node.died*',
    '**',
    '*node.died*',
    'no*ed',
  ]
  for (const pattern of fits)
    test(`${pattern} means node.died`, () => assert.ok(matchesPattern(pattern, 'node.died')))
  const others = [
    '',
    'node',
    'node.*x',
    'x*',
    'nod.*',
    '*.di',
    'node.d.*',
    'node.died*died',
    '*died*node*',
    'n.de.died',
  ]
  for (const pattern of others)
    test(`${pattern || 'nothing'} does not mean node.died`, () =>
      assert.ok(!matchesPattern(pattern, 'node.died')))

  test('made of thousands of stars is answered at once', { timeout: 10_000 }, () => {
    assert.equal(matchesPattern(`${'*a'.repeat(5_000)}x`, 'a'.repeat(10_000)), false)
  })
})

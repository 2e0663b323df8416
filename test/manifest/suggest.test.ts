import assert from 'node:assert/strict'
import test from 'node:test'
import { suggest } from '../../src/manifest/suggest.js'

const keys = ['image', 'replicas', 'auth', 'persistence', 'deletionPolicy']

const near: readonly [string, string | null][] = [
  ['replica', 'replicas'],
  ['repliacs', 'replicas'],
  ['Replicas', 'replicas'],
  ['imgae', 'image'],
  ['deletion_policy', 'deletionPolicy'],
  ['deletionpolicy', 'deletionPolicy'],
  ['persistance', 'persistence'],
  ['atuh', 'auth'],
  ['volume', null],
  ['', null],
  ['a', null],
  ['__proto__', null],
  ['x'.repeat(100_000), null],
]
for (const [word, meant] of near)
  test(`${JSON.stringify(word.slice(0, 20))} is taken for ${meant ?? 'nothing that we know'}`, () => {
    assert.equal(suggest(word, keys), meant)
  })

test('the nearest of several candidates is chosen', () => {
  assert.equal(suggest('rbd', ['aof', 'rdb', 'none']), 'rdb')
})

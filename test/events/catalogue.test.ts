import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue } from '../../src/events/catalogue.js'

test('no event has a field that every line has by itself: the journal could not be read again', () => {
  const taken = new Set(['id', 'time', 'level', 'event', 'msg', 'flotilla', 'pass'])
  const clashes = Object.entries(catalogue).flatMap(([code, { fields }]) =>
    fields.filter(name => taken.has(name)).map(name => `${code}: ${name}`),
  )
  assert.deepEqual(clashes, [])
})

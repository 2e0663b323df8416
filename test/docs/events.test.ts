import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from '../../src/events/catalogue.js'
import { renderEventReference } from '../../src/events/reference.js'
import { headings } from './markdown.js'

test('docs/events.md says what the catalogue says', () => {
  assert.equal(readFileSync('docs/events.md', 'utf8'), renderEventReference())
})

test('every event has its section', () => {
  assert.deepEqual(headings(renderEventReference(), 2), Object.keys(catalogue))
})

import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import { test } from 'node:test'
import { isJournalStream } from '../../src/events/journal-stream.js'

const { dev, ino } = fstatSync(0)

test('stdout is the journal when the variable names its very stream', () => {
  assert.equal(isJournalStream(`${dev}:${ino}`, 0), true)
})

test('a variable that was inherited, and names another stream, proves nothing', () => {
  assert.equal(isJournalStream(`${dev}:${ino + 1}`, 0), false)
  assert.equal(isJournalStream('', 0), false)
  assert.equal(isJournalStream(undefined, 0), false)
})

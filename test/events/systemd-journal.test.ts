import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import { test } from 'node:test'
import { isSystemdJournal } from '../../src/events/systemd-journal.js'

const { dev, ino } = fstatSync(0)

test('stdout is the journal when the variable names its very stream', () => {
  assert.equal(isSystemdJournal(`${dev}:${ino}`, 0), true)
})

test('a variable that was inherited, and names another stream, proves nothing', () => {
  assert.equal(isSystemdJournal(`${dev}:${ino + 1}`, 0), false)
  assert.equal(isSystemdJournal('', 0), false)
  assert.equal(isSystemdJournal(undefined, 0), false)
})

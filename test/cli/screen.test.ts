import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame } from '../../src/cli/screen.js'

test('a picture is drawn from the top, over what was there, and nothing of that is left below', () => {
  assert.equal(frame('a\nb\n', 24), '\u001b[Ha\u001b[K\r\nb\u001b[K\u001b[J')
})

test('what has no room does not scroll the picture away, and is counted', () => {
  assert.equal(frame('a\nb\nc\nd\n', 3), '\u001b[Ha\u001b[K\r\nb\u001b[K\r\n… 2 more lines\u001b[K\u001b[J')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneLine, printable } from '../src/printable.js'

const color = true

/** What a server printed, and what a person is shown of it. */
const attacks = [
  ['clears the screen', '\u001b[2J\u001b[Hall is well', String.raw`\u001b[2J\u001b[Hall is well`],
  ['writes over its line', 'error\rfine ', String.raw`error\u000dfine `],
  ['sets the title', '\u001b]0;x\u0007', String.raw`\u001b]0;x\u0007`],
  ['speaks to the terminal in eight bits', '\u009b31m\u0090$q\u009c', String.raw`\u009b31m\u0090$q\u009c`],
  ['hides what follows', '\u001b[8mx', String.raw`\u001b[8mx`],
  ['turns the order of letters around', 'ok \u202egnp.exe', String.raw`ok \u202egnp.exe`],
  ['isolates a part', '\u2066x\u2069', String.raw`\u2066x\u2069`],
  ['goes back', 'ab\b\bcd\u007f', String.raw`ab\u0008\u0008cd\u007f`],
] as const

for (const [title, said, shown] of attacks)
  test(`a text that ${title} is shown as escapes`, () => {
    assert.equal(printable(said, { color }), shown)
    assert.equal(printable(said, { color: false }), shown)
    assert.doesNotMatch(oneLine(said, 100), /[\p{Cc}\p{Bidi_Control}]/u)
  })

test('lines, tabs, letters of every language and our own colours stay', () => {
  const text = 'a\tb\n\u001b[31mrot\u001b[0m שלום 日本語 🐳'
  assert.equal(printable(text, { color }), text)
})

test('where there are no colours, somebody else’s are escapes too', () => {
  assert.equal(printable('\u001b[31mx', { color: false }), String.raw`\u001b[31mx`)
})

test('JSON means the same afterwards', () => {
  const value = { said: '\u009b31m \u202e \u2028 \u001b\r\n' }
  assert.deepEqual(JSON.parse(printable(JSON.stringify(value), { color: false })), value)
})

test('somebody’s words within a line are one line of bounded length', () => {
  assert.equal(oneLine(' a\r\n\tb\u001b c ', 100), 'a b c')
  assert.equal(oneLine('x'.repeat(1_000_000), 10), 'xxxxxxxxx…')
})

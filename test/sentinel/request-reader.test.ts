import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProtocolError, requestBounds, RequestReader } from '../../src/sentinel/request-reader.js'

function requestOf(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** What a reader makes of these bytes, handed over in pieces of so many. */
function readAll(text: string, pieceBytes = text.length): readonly (readonly string[])[] {
  const reader = new RequestReader()
  const bytes = Buffer.from(text, 'latin1')
  const found: (readonly string[])[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.push(bytes.subarray(at, at + pieceBytes))
    for (let words = reader.next(); words !== null; words = reader.next()) found.push(words)
  }
  return found
}

test('requests are read whole, however they arrive', () => {
  const word = fc.string({ unit: 'binary-ascii', maxLength: 40 })
  const requests = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { maxLength: 5 })
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 30 }), (wanted, pieceBytes) => {
      assert.deepEqual(readAll(wanted.map(requestOf).join(''), pieceBytes), wanted)
    }),
  )
})

test('words in one line are a request too, and an empty one is none', () => {
  assert.deepEqual(readAll('PING\r\n\r\n*0\r\n*-1\r\n  sentinel   masters \n'), [
    ['PING'],
    ['sentinel', 'masters'],
  ])
})

for (const [text, complaint] of [
  ['*65\r\n', /invalid multibulk length/],
  ['*99999999999\r\n', /invalid multibulk length/],
  ['*x\r\n', /invalid multibulk length/],
  ['*1\r\n:4\r\n', /expected '\$', got ':'/],
  ['*1\r\n\u0007', /expected '\$', got '\?'/],
  ['*1\r\n$-1\r\n', /invalid bulk length/],
  ['*1\r\n$16385\r\n', /invalid bulk length/],
  ['*1\r\n$1\r\nabc', /does not end where it said/],
  ['*2\r\n$9000\r\n' + 'a'.repeat(9_000) + '\r\n$9000\r\n', /too big/],
  ['a'.repeat(requestBounds.bytes + 1), /too big/],
  ['a '.repeat(65) + '\r\n', /too many words/],
] as const)
  test(`${JSON.stringify(text.slice(0, 20))} is refused, however it arrives: ${String(complaint)}`, () => {
    for (const pieceBytes of [text.length, 7, 1])
      assert.throws(
        () => readAll(text, pieceBytes),
        (error: unknown) => error instanceof ProtocolError && complaint.test(error.message),
      )
  })

test('of random bytes nothing comes but requests within the bounds and protocol errors', () => {
  const syntax = fc.constantFrom('*', '$', '\r\n', '\r', '\n', '1', '3', '-', '0', ' ', 'PING', '\u0000')
  const noise = fc.array(fc.oneof(syntax, fc.string({ unit: 'binary-ascii', maxLength: 3 })), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(noise, fc.integer({ min: 1, max: 9 }), (pieces, pieceBytes) => {
      try {
        for (const words of readAll(pieces.join(''), pieceBytes)) {
          assert.ok(words.length > 0 && words.length <= requestBounds.words)
          assert.ok(words.join('').length <= requestBounds.bytes)
        }
      } catch (error) {
        assert.ok(error instanceof ProtocolError)
      }
    }),
    { numRuns: 3_000 },
  )
})

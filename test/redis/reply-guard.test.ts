import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ReplyGuard } from '../../src/redis/client/reply-guard.js'

/** Hands a server's words to a guard, whole or byte by byte, after so many commands. */
function judge(
  words: string,
  given: { readonly asked: number; readonly pieceBytes?: number },
): string | null {
  const guard = new ReplyGuard()
  for (let nth = 0; nth < given.asked; nth++) guard.noteCommand()
  const bytes = Buffer.from(words, 'latin1')
  const { pieceBytes = bytes.length } = given
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const reason = guard.whyNot(bytes.subarray(at, at + pieceBytes))
    if (reason !== null) return reason
  }
  return null
}

const answers = [
  '+OK\r\n',
  '-LOADING x\r\n',
  ':-12\r\n',
  '$5\r\nab\r\nc\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*0\r\n',
  '*-1\r\n',
  '*2\r\n$1\r\na\r\n*2\r\n:1\r\n+x\r\n',
]

for (const answer of answers)
  test(`${JSON.stringify(answer)} answers one command, however it arrives`, () => {
    for (const pieceBytes of [1, 2, 3, 1_000]) {
      assert.equal(judge(answer, { asked: 1, pieceBytes }), null)
      assert.equal(judge(answer.repeat(3), { asked: 3, pieceBytes }), null)
      if (!answer.startsWith('-'))
        assert.match(judge(answer.repeat(3), { asked: 2, pieceBytes }) ?? '', /nobody had asked/)
    }
  })

describe('what a server may not do', () => {
  test('answer what nobody asked', () => {
    for (const words of ['+OK\r\n', '$-1\r\n', '*0\r\n', ':1\r\n'])
      assert.match(judge(words, { asked: 0 }) ?? '', /nobody had asked/)
  })

  test('begin to answer what nobody asked', () => {
    for (const words of ['+', '$-', '*', ':'])
      assert.match(judge(words, { asked: 0 }) ?? '', /nobody had asked/, words)
    assert.match(judge('$-1\r\n$-', { asked: 1 }) ?? '', /nobody had asked/)
  })

  test('hide an answer behind half the end of a line', () => {
    for (const words of ['+OK\rx$-1\r\n', '+OK\n', '+OK\r\r\n', ':1\rx', '$-1\n'])
      for (const pieceBytes of [1, 2, 3, 1_000])
        assert.match(judge(words, { asked: 1, pieceBytes }) ?? '', /not the Redis protocol/, words)
  })

  test('refuse a connection more than once', () => {
    const full = '-ERR max number of clients reached\r\n'
    assert.equal(judge(full, { asked: 0 }), null)
    assert.match(judge(full.repeat(2), { asked: 0 }) ?? '', /nobody had asked/)
  })

  test('speak another protocol, to its end or only to begin with', () => {
    for (const words of [
      'HTTP/1.1 400 Bad Request\r\n',
      'S',
      '\u0015\u0003\u0003',
      '$x\r\n',
      '*1e9\r\n',
      '%1\r\n',
      '$-2\r\n',
      '\r\n',
    ])
      assert.match(judge(words, { asked: 1 }) ?? '', /not the Redis protocol/, words)
  })

  test('announce or send more than any answer has', () => {
    for (const words of ['$2147483000\r\n', '*2147483000\r\n', '*1\r\n'.repeat(9), `+${'x'.repeat(70_000)}`])
      assert.match(judge(words, { asked: 1 }) ?? '', /larger than any/, words.slice(0, 20))
    const bulk = `$1000000\r\n${'x'.repeat(1_000_000)}\r\n`
    assert.match(judge(`*20\r\n${bulk.repeat(20)}`, { asked: 1 }) ?? '', /larger than any/)
  })

  test('but it may send one long answer after another, as long as each is asked for', () => {
    const bulk = `$1000000\r\n${'x'.repeat(1_000_000)}\r\n`
    assert.equal(judge(bulk.repeat(20), { asked: 20, pieceBytes: 65_536 }), null)
  })
})

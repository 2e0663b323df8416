import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePointAnswer, parseShowAnswer, pointCommand } from '../../src/gateway/answers.js'
import { Random } from '../support/random.js'

const shown = [
  'version 2.6.12-1+deb12u3',
  'uptime 33',
  'config 0123456789abcdef',
  'config-sum 01ab',
  'files 0f',
  'serial 4',
  'pointed-by flotilla',
  'lineage ab',
  'written yes',
  'sessions master 3 10',
  'server master node-0 10.0.0.2:6379',
  'sessions replicas 1 2',
  'server replicas node-12 fd00::3:6379',
  'server replicas node-2 10.0.0.4:6380',
  'end',
  '',
].join('\n')

describe('what a gateway answers', () => {
  test('is read line by line, servers in the order of their ordinals', () => {
    assert.deepEqual(parseShowAnswer(shown), {
      serial: 4,
      facts: {
        ...{ version: '2.6.12-1+deb12u3', uptimeSeconds: 33, configDigest: '0123456789abcdef' },
        ...{ configSum: '01ab', filesDigest: '0f' },
        ...{ pointedBy: 'flotilla', lineage: 'ab', isWrittenDown: true },
        master: [{ ordinal: 0, host: '10.0.0.2', port: 6379 }],
        replicas: [
          { ordinal: 2, host: '10.0.0.4', port: 6380 },
          { ordinal: 12, host: 'fd00::3', port: 6379 },
        ],
        sessions: { master: 3, replicas: 1, total: 12 },
      },
    })
  })

  test('a server that is no node of ours is one without an ordinal', () => {
    const facts = parseShowAnswer(shown.replace('node-0', 'by-hand'))?.facts
    assert.deepEqual(facts?.master, [{ ordinal: -1, host: '10.0.0.2', port: 6379 }])
  })

  test('cut anywhere it is no answer', () => {
    for (let length = 0; length < shown.trim().length; length += 1)
      assert.equal(parseShowAnswer(shown.slice(0, length)), null, shown.slice(0, length))
  })

  test('with bytes of something else in it, it is no answer or one of the same shape', () => {
    const random = new Random(7)
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = Buffer.from(shown, 'latin1')
      for (let hits = random.int(1, 6); hits > 0; hits -= 1)
        bytes[random.int(0, bytes.length - 1)] = random.int(0, 255)
      const answer = parseShowAnswer(bytes.toString('latin1'))
      if (answer === null) continue
      for (const { host, port, ordinal } of [...answer.facts.master, ...answer.facts.replicas])
        assert.ok(/^[\da-f.:]+$/i.test(host) && port >= 0 && port <= 65_535 && ordinal >= -1)
      assert.ok(Number.isSafeInteger(answer.serial))
    }
  })

  test('an order is done, out of date, or refused in words that are kept short', () => {
    assert.deepEqual(parsePointAnswer('done 5\n'), { kind: 'done', serial: 5 })
    assert.deepEqual(parsePointAnswer('stale 7\n'), { kind: 'stale', serial: 7 })
    const refused = parsePointAnswer(`Unknown command\n${'x'.repeat(10_000)}`)
    assert.ok(refused.kind === 'refused' && refused.reason.length <= 200)
    assert.equal(parsePointAnswer('done 99999999999999999999').kind, 'refused')
  })
})

test('an order is one line, and tells all there is to tell', () => {
  const server = (ordinal: number, host: string) => ({ ordinal, host, port: 6379 })
  const pointing = { master: server(0, '10.0.0.2'), replicas: [server(1, 'fd00::3'), server(2, '10.0.0.4')] }
  assert.equal(
    pointCommand({ ...pointing, lineage: 'ab' }, { follows: 3, keepSessions: false }),
    'flotilla point 3 ab 0=10.0.0.2:6379 1=fd00::3:6379,2=10.0.0.4:6379 shut',
  )
  assert.equal(
    pointCommand({ master: null, replicas: [], lineage: null }, { follows: 0, keepSessions: true }),
    'flotilla point 0 - - - keep',
  )
})

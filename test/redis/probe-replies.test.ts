import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isLoading,
  lastWarnings,
  readConfigError,
  readConfigLines,
  readIdentity,
  readRdbVersion,
  parseConfigSetReply,
} from '../../src/redis/probe-replies.js'

test('a Valkey is told from a Redis, and neither from something else', () => {
  assert.deepEqual(readIdentity('# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n'), {
    product: 'redis',
    version: '7.0.15',
  })
  assert.deepEqual(readIdentity('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n'), {
    product: 'valkey',
    version: '8.1.1',
  })
  assert.equal(readIdentity('Could not connect to Redis at 127.0.0.1:6379: Connection refused\n'), null)
})

test('names and values of CONFIG GET come in turns, and a value may be empty', () => {
  const values = readConfigLines('hz\n10\nsave\n\nmaxmemory\n0\n')
  assert.deepEqual(
    [...values],
    [
      ['hz', '10'],
      ['save', ''],
      ['maxmemory', '0'],
    ],
  )
})

test('the snapshot format is read from the two bytes that DUMP ends in', () => {
  assert.equal(readRdbVersion('10\n0\n'), 10)
  assert.equal(readRdbVersion('1\r\n1\r\n'), 257)
  assert.equal(readRdbVersion('ERR unknown command'), null)
  assert.equal(readRdbVersion('10\n'), null)
})

test('what CONFIG SET says, in the words of 6.2 and of 7', () => {
  const kinds = [
    'OK',
    "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config",
    "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
    "ERR Unknown option or number of arguments for CONFIG SET - 'no-such'",
    'ERR Unsupported CONFIG parameter: databases',
    "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer",
    "ERR Invalid argument 'x' for CONFIG SET 'hz' - argument couldn't be parsed into an integer",
  ].map(reply => parseConfigSetReply(`${reply}\n`))
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ['set', 'immutable', 'immutable', 'unknown', 'unknown', 'invalid', 'invalid'],
  )
  for (const reply of kinds.slice(-2))
    assert.equal(reply.kind === 'set' ? '' : reply.message, "argument couldn't be parsed into an integer")
})

test('the line that a server ended over is found in its last words', () => {
  const log = [
    '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***',
    'Reading the configuration file, at line 30',
    `>>> 'databases "0"'`,
    'argument must be between 1 and 2147483647 inclusive',
  ]
  assert.deepEqual(readConfigError(log), {
    option: 'databases',
    message: 'argument must be between 1 and 2147483647 inclusive',
  })
  assert.equal(readConfigError(['Out of memory allocating 1 bytes']), null)
})

test('a server that loads its data is told from one that has loaded it', () => {
  assert.equal(isLoading('# Persistence\r\nloading:1\r\nasync_loading:0\r\n'), true)
  assert.equal(isLoading('# Persistence\r\nloading:0\r\nasync_loading:0\r\n'), false)
})

test('why a server has ended is said by its warnings, not by what every start logs', () => {
  assert.equal(
    lastWarnings([
      '1:C 28 Nov 2026 07:00:00.000 # Configuration loaded',
      '1:M 28 Nov 2026 07:00:00.001 * Running mode=standalone, port=6379.',
      '1:M 28 Nov 2026 07:00:00.001 # Server initialized',
      '1:M 28 Nov 2026 07:00:00.001 # WARNING Memory overcommit must be enabled!',
      "1:M 28 Nov 2026 07:00:00.002 # Can't handle RDB format version 12",
      '1:M 28 Nov 2026 07:00:00.002 # Fatal error loading the DB, check server logs. Exiting.',
    ]),
    "Can't handle RDB format version 12; Fatal error loading the DB, check server logs. Exiting.",
  )
  assert.equal(lastWarnings(['exec: redis-server: not found', '']), 'exec: redis-server: not found')
  assert.equal(lastWarnings(['', '']), null)
})

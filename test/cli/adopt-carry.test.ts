import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { listenersIn, whyNotReached } from '../../src/cli/adopt/listeners.js'
import { carriedOptions } from '../../src/cli/adopt/options.js'
import { carriedUsers } from '../../src/cli/adopt/users.js'
import { Secret } from '../../src/secret.js'

const bare = {
  ...{ port: '6379', bind: '* -::*', dir: '/', 'protected-mode': 'yes', requirepass: '', masterauth: '' },
  ...{ appendonly: 'no', appendfsync: 'everysec', save: '3600 1 300 100 60 10000', maxmemory: '0' },
  ...{ 'min-replicas-to-write': '0', 'min-replicas-max-lag': '10', timeout: '0', 'tcp-keepalive': '300' },
  ...{ 'repl-backlog-size': '1048576', 'replica-priority': '100', 'slave-priority': '100', 'tls-port': '0' },
  'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
}
const carry = (changed: Readonly<Record<string, string>>) =>
  carriedOptions(new Map(Object.entries({ ...bare, ...changed })), new Map(Object.entries(bare)))

test('a server that does nothing otherwise than its image leaves nothing to write or to tell', () => {
  assert.deepEqual(carry({}), {
    carried: { persistence: { mode: 'rdb' }, durability: null, config: {} },
    skipped: [],
  })
})

test('options that somebody has set are carried over, each where a manifest has it', () => {
  const { carried, skipped } = carry({
    ...{ maxmemory: '209715200', timeout: '300', appendonly: 'yes', appendfsync: 'always' },
    ...{ 'min-replicas-to-write': '1', 'min-replicas-max-lag': '12', dir: '/data', bind: '0.0.0.0' },
    'client-output-buffer-limit': 'normal 0 0 0 slave 1 2 3 pubsub 67108864 16777216 90',
  })
  assert.deepEqual(carried, {
    persistence: { mode: 'aof', appendfsync: 'always' },
    durability: { minReplicasToWrite: 1, maxLag: '12s' },
    config: {
      ...{ maxmemory: '209715200', timeout: '300' },
      'client-output-buffer-limit': ['pubsub 67108864 16777216 90'],
    },
  })
  assert.deepEqual(skipped, [])
  assert.deepEqual(carry({ save: '900 1 300 10' }).carried.persistence, {
    mode: 'rdb',
    save: ['900 1', '300 10'],
  })
  assert.deepEqual(carry({ save: '' }).carried.persistence, { mode: 'none' })
})

test('what no manifest can have is named with the reason, and never with a value that may be secret', () => {
  const { carried, skipped } = carry({
    ...{ port: '6380', requirepass: 'hush', masterauth: 'hush', 'tls-port': '6390' },
    ...{ 'tls-key-file-pass': 'hush', 'repl-backlog-size': '1024', 'replica-priority': '10' },
    ...{ 'slave-priority': '10', 'tcp-keepalive': '60' },
  })
  assert.deepEqual(carried.config, {})
  assert.deepEqual(
    skipped.map(({ what }) => what),
    ['port', 'repl-backlog-size', 'replica-priority', 'tls-port, tls-key-file-pass'],
  )
  assert.match(skipped[0]?.reason ?? '', /clients use port 6380/)
  assert.ok(!JSON.stringify(skipped).includes('hush'))
})

const hash = (password: string): string => `#${createHash('sha256').update(password).digest('hex')}`
const line = (name: string, rest: string): string => `user ${name} ${rest}`

test('users come over with their rules, and with a password only where it is proven to be theirs', () => {
  const { carried, skipped } = carriedUsers(
    [
      line('default', `on sanitize-payload ${hash('main')} ~* &* +@all`),
      line('app', `on sanitize-payload ${hash('apps')} ~app:* resetchannels -@all +@read`),
      line('ro', 'on nopass ~* resetchannels -@all +@read'),
      line('gone', `off ${hash('x')} ~* -@all`),
      line('batch', `on ${hash('unknown')} ~* -@all +get`),
      line('other', `on ${hash('right')} ~* -@all +get`),
      line('flotilla', `on ${hash('y')} ~* -@all`),
    ],
    new Map([
      ['default', new Secret('main')],
      ['app', new Secret('apps')],
      ['other', new Secret('wrong')],
    ]),
  )
  assert.equal(carried.default.kind === 'password' && carried.default.password.reveal(), 'main')
  assert.deepEqual(
    carried.others.map(({ name, rules, login }) => [name, rules, login.kind]),
    [
      ['app', '~app:* resetchannels -@all +@read', 'password'],
      ['ro', '~* resetchannels -@all +@read', 'none'],
    ],
  )
  assert.match(
    skipped.map(({ what, reason }) => `${what}: ${reason}`).join('\n'),
    /batch: .*--user-password-file batch=<file>\nthe user other: the password that was given for it is not its own\nthe user flotilla: Flotilla itself/,
  )
})

test('what default was is told where it can not be so here', () => {
  const none = new Map<string, Secret>()
  const of = (rest: string) => carriedUsers([line('default', rest)], none)
  assert.deepEqual(of('on nopass ~* &* +@all').carried, {
    ...{ default: { kind: 'none' }, defaultUser: 'restricted', others: [] },
  })
  const told = (rest: string): string => JSON.stringify(of(rest).skipped)
  assert.match(told(`on ${hash('a')} ~* &* +@all`), /the password of default.*--user-password-file default=/)
  assert.match(
    told('on nopass ~* &* +@all'),
    /that default administers the server.*spec\.auth\.default: full/,
  )
  assert.match(told('off nopass ~* &* +@all'), /that default is off/)
  const beside = carriedUsers([line('default', 'off ~* &* +@all'), line('ro', 'on nopass ~* +@read')], none)
  assert.deepEqual([beside.carried.defaultUser, beside.skipped], ['off', []])
  assert.match(told('on nopass ~* &* -@all +@read'), /what default may not do \(~\* &\* -@all \+@read\)/)
  assert.deepEqual(of(`on ${hash('a')} ~* &* +@all`).carried.default, { kind: 'generated' })
})

const procNet = (address: string, port: number): string =>
  `   0: ${address}:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 999 0 1 1\n`

test('a Redis that is not reached is looked for where it listens, and the message says how to fix it', () => {
  const named = { container: 'cache', port: 6379 }
  const header = '  sl  local_address rem_address   st tx_queue rx_queue\n'
  const six = '00000000000000000000000001000000'
  const connected = '   1: 0100007F:18EB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 1 1\n'
  const told = (text: string) => whyNotReached(named, listenersIn(header + text))
  assert.match(
    told(procNet('0100007F', 6379) + procNet(six, 6379))?.hint ?? '',
    /docker exec cache redis-cli CONFIG SET bind "\* -::\*"/,
  )
  assert.match(told(procNet('00000000', 6380))?.hint ?? '', /name it so: cache:6380/)
  assert.equal(told(procNet('00000000', 6379)), null)
  assert.equal(told(procNet('0B00007F', 41231) + connected), null)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  execUser,
  serverCommand,
  serverUser,
  numericUid,
  whyImageRefused,
} from '../../../src/reconciler/desired/server-image.js'
import { configFilePath } from '../../../src/redis/config.js'
import { imageFacts } from '../support/world.js'

/** The list of users of an official image on Alpine, where the group has another number. */
const passwd = 'root:x:0:0:root:/root:/bin/sh\nvalkey:x:999:1000::/data:/bin/sh\napp:x:1001:1001::/:/bin/sh\n'

test('a server is started by the name that its image gives it: an entrypoint may go by that', () => {
  const entrypoint = ['docker-entrypoint.sh']
  const commandOf = (command: readonly string[], before = entrypoint) =>
    serverCommand(imageFacts({ entrypoint: before, command }))
  assert.deepEqual(commandOf(['redis-server']), ['redis-server', configFilePath])
  assert.deepEqual(commandOf(['valkey-server']), ['valkey-server', configFilePath])
  assert.deepEqual(commandOf(['/usr/bin/valkey-server', '/etc/valkey.conf'], []), [
    '/usr/bin/valkey-server',
    configFilePath,
  ])
})

test('an image whose entrypoint is the server is told its file alone', () => {
  const image = imageFacts({ entrypoint: ['/usr/bin/redis-server'], command: [] })
  assert.deepEqual(serverCommand(image), [configFilePath])
})

test('an image that says nothing of a server, and one that nobody has seen, runs redis-server', () => {
  for (const image of [imageFacts({ command: ['/opt/run.sh'] }), imageFacts({ command: [] }), null])
    assert.deepEqual(serverCommand(image), ['redis-server', configFilePath])
})

test('files belong to the user that the server runs as: the image’s own by number or by name, and where it begins as root the one called like the server', () => {
  const users = ['1001', '1001:1002', 'app', 'app:app', '', 'root', '0', '0:0'].map(user =>
    serverUser({ user }, passwd),
  )
  assert.deepEqual(users, [1_001, 1_001, 1_001, 1_001, 999, 999, 999, 999])
  assert.equal(serverUser({ user: '' }, 'redis:x:101:101::/data:/bin/sh\n'), 101)
})

test('where nobody says which user it is, it is 999, as in the official images', () => {
  for (const [user, list] of [
    ['', null],
    ['', 'root:x:0:0::/:/bin/sh\n'],
    ['app', null],
    ['app', 'broken\n:::\napp:x:\n'],
  ] as const)
    assert.equal(serverUser({ user }, list), 999)
})

test('a command in a container runs as the image’s user, which is root where it names none', () => {
  assert.deepEqual(
    ['', 'root', '0', 'app', '1001:1002'].map(user => execUser({ user }, passwd)),
    [0, 0, 0, 1_001, 1_001],
  )
})

test('the list of users is only asked for where the image does not say a number', () => {
  assert.deepEqual(
    ['', 'root', '0', 'app', '999'].map(user => numericUid({ user })),
    [null, null, null, null, 999],
  )
})

test('an image that says itself that its server is too old is refused, and one that says nothing is not', () => {
  const of = (environment: readonly string[], label?: string) =>
    whyImageRefused(
      imageFacts({ environment, labels: label === undefined ? {} : { 'io.flotilla.stand-in': label } }),
    )
  assert.equal(
    of(['PATH=/bin', 'REDIS_VERSION=6.0.20']),
    'holds Redis 6.0.20, and Flotilla needs 6.2 or newer',
  )
  assert.match(of([], "Redis 6.0.16 from Debian 11's redis-server package") ?? '', /6\.0\.16/)
  for (const version of [
    'REDIS_VERSION=6.2.0',
    'REDIS_VERSION=8.0.2',
    'VALKEY_VERSION=7.2.11',
    'REDIS_VERSION=unknown',
  ])
    assert.equal(of([version]), null)
  assert.equal(of([]), null)
})

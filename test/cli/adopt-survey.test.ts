import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestFor } from '../../src/cli/adopt/manifest-text.js'
import { nameFor, needFreeName, replicasOf, surveyOf, type FoundRedis } from '../../src/cli/adopt/survey.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { whyNotReadable } from '../../src/redis/rdb-format.js'
import type { RedisFacts } from '../../src/redis/redis.js'
import { follower, redisFacts, upstream } from '../reconciler/support/world.js'

function found(
  container: string,
  facts: Partial<RedisFacts>,
  overrides: Partial<FoundRedis> = {},
): FoundRedis {
  return {
    ...{ container, image: 'redis:7.2', networks: ['bridge'] },
    ...{ facts: redisFacts(facts), savesSnapshots: true, clusterEnabled: false },
    ...{ databases: 16, sentinels: [] },
    ...overrides,
  }
}

const master = found('redis-master', {})
const slave = found('redis-slave1', { role: 'replica', upstream: upstream({ host: 'master' }) })
const refuses = (message: RegExp, ...all: readonly FoundRedis[]): void =>
  assert.throws(() => surveyOf(all), { code: 'usage/invalid', message })

test('who is master is what it says itself, in whatever order the containers were named', () => {
  const survey = surveyOf([slave, master])
  assert.equal(survey.master.container, 'redis-master')
  assert.deepEqual(
    survey.replicas.map(one => one.container),
    ['redis-slave1'],
  )
})

test('what is no master with its own replicas is refused in words', () => {
  refuses(/none of redis-slave1 is a master: they follow master/, slave)
  refuses(/redis-master, other each say that they are master/, master, found('other', {}))
  refuses(
    /redis-slave1 is not in sync with redis-master: it follows elsewhere/,
    master,
    found('redis-slave1', { role: 'replica', replid: 'b', upstream: upstream({ host: 'elsewhere' }) }),
  )
  refuses(/node of a Redis cluster/, found('redis-master', {}, { clusterEnabled: true }))
  refuses(
    /redis-slave1 is watched by a Redis Sentinel at 10\.0\.0\.9, which would promote another node/,
    master,
    { ...slave, sentinels: ['10.0.0.9'] },
  )
  refuses(
    /is Redis 6\.0\.16; one that loses no write needs 6\.2/,
    found('redis-master', { version: '6.0.16' }),
  )
})

test('persistence, clients’ networks and the number of replicas are as they were', () => {
  const { persistence } = redisFacts()
  const noAof = { persistence: { ...persistence, aofEnabled: false } }
  assert.equal(surveyOf([master]).persistence, 'aof')
  assert.equal(surveyOf([found('m', noAof)]).persistence, 'rdb')
  assert.equal(surveyOf([found('m', noAof, { savesSnapshots: false })]).persistence, 'none')
  const survey = surveyOf([
    found('m', { followers: [follower(1), follower(2)] }, { networks: ['app', 'bridge'] }),
  ])
  assert.deepEqual(survey.external, ['app'])
  assert.equal(replicasOf(survey), 2)
  assert.match(survey.remarks.join('\n'), /2 more replicas follow m than were named[^]*default bridge/)
})

test('the manifest that is written is one, and holds no password', () => {
  const survey = surveyOf([found('redis-master', {}, { networks: ['app'] }), slave])
  for (const passwordFile of [null, 'shop.password']) {
    const text = manifestFor(survey, { name: 'shop', user: 'default', passwordFile })
    const { declared, diagnostics } = parseManifest(text, { file: '/m/shop.yaml' })
    assert.deepEqual(diagnostics, [])
    const spec = declared[0]?.spec
    assert.deepEqual(spec?.bootstrap?.at, { kind: 'container', container: 'redis-master', port: 6379 })
    assert.deepEqual(spec?.network.external, ['app'])
    assert.equal(spec?.bootstrap?.passwordFile ?? null, passwordFile === null ? null : '/m/shop.password')
    assert.equal(spec?.auth.kind, passwordFile === null ? 'none' : 'password-file')
  }
})

test('a flotilla is called after the master’s container, unless its own containers could not be', () => {
  assert.equal(nameFor('shop-master', ['shop-old']), 'shop')
  assert.equal(nameFor('redis-master', ['redis-master']), 'redis-flotilla')
  assert.equal(nameFor('My_Cache', ['My_Cache']), 'my-cache')
  assert.equal(nameFor('master', []), 'redis')
})

test('a replica reads what is of its own format or older, and of unknown ones nothing is said', () => {
  const redis = (version: string) => ({ flavour: 'redis', version }) as const
  const valkey = (version: string) => ({ flavour: 'valkey', version }) as const
  assert.equal(whyNotReadable(redis('7.0.15'), redis('8.0.1')), null)
  assert.equal(whyNotReadable(redis('6.2.1'), redis('6.0.1')), null)
  assert.match(
    whyNotReadable(redis('7.2.4'), redis('7.0.15')) ?? '',
    /RDB version 11, and Redis 7\.0\.15 reads 10/,
  )
  assert.match(
    whyNotReadable(redis('7.4.0'), valkey('8.1.0')) ?? '',
    /RDB version 12, and Valkey 8\.1\.0 reads 11/,
  )
  assert.match(whyNotReadable(valkey('9.0.0'), redis('8.0.0')) ?? '', /RDB version 80/)
  assert.equal(whyNotReadable(redis('unstable'), redis('7.0.0')), null)
})

test('a name by which another container is found, also as an alias, is not given to a flotilla', () => {
  assert.equal(nameFor('shop', ['web', 'shop-master']), 'shop-flotilla')
  assert.equal(nameFor('shop', ['web', 'shop-1']), 'shop-flotilla')
  const clash = { answering: ['web', 'shop-master'], external: ['compose_default'] }
  assert.throws(() => needFreeName('shop', clash), {
    code: 'usage/invalid',
    message: /shop-master is what a container is called already, or answers to on compose_default/,
  })
  needFreeName('cart', clash)
})

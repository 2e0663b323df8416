import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestFor, type ManifestInput } from '../../src/cli/adopt/manifest-text.js'
import type { CarriedOptions } from '../../src/cli/adopt/options.js'
import { mastersIn, othersIn } from '../../src/cli/adopt/sentinels.js'
import {
  nameFor,
  requireFreeName,
  replicasOf,
  surveyOf,
  type FoundRedis,
} from '../../src/cli/adopt/survey.js'
import type { CarriedUsers } from '../../src/cli/adopt/users.js'
import { parseManifest } from '../../src/manifest/parse.js'
import type { FlotillaSpec } from '../../src/model/spec.js'
import { Secret } from '../../src/secret.js'
import { whyNotReadable } from '../../src/redis/rdb-format.js'
import { follower, redisFacts, upstream } from '../reconciler/support/world.js'
import type { RedisFacts } from '../../src/model/redis.js'

const commands = ['client', 'replicaof', 'psync', 'replconf', 'flushall'].map(name => ({
  ...{ name, hasItsName: true, calls: 7, writes: name === 'flushall' },
}))
const renamed = (name: string, calls: number): Pick<FoundRedis, 'commands'> => ({
  commands: {
    kind: 'read',
    value: commands.map(one => (one.name === name ? { ...one, hasItsName: false, calls } : one)),
  },
})

function found(
  container: string,
  facts: Partial<RedisFacts>,
  overrides: Partial<FoundRedis> = {},
): FoundRedis {
  return {
    ...{ container, port: 6379, image: 'redis:7.2', imageId: 'sha256:1', networks: ['bridge'] },
    ...{ facts: redisFacts(facts), clusterEnabled: false, sentinels: [], labels: {} },
    ...{ config: { kind: 'read', value: new Map() }, users: { kind: 'read', value: [] } },
    commands: { kind: 'read', value: commands },
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
    /is Redis 6\.0\.16; one that loses no write needs 6\.2/,
    found('redis-master', { version: '6.0.16' }),
  )
})

test('Sentinels are found whoever of them they watch, and asked about these servers alone', () => {
  const survey = surveyOf([master, { ...slave, sentinels: ['10.0.0.9', '10.0.0.8'] }])
  assert.deepEqual(survey.sentinels, ['10.0.0.8', '10.0.0.9'])
  const masters = [
    ['name', 'mymaster', 'ip', '10.0.0.2', 'port', '6379', 'runid', 'run-a'],
    ['name', 'other', 'ip', '10.0.0.3', 'port', '6379', 'runid', 'run-b'],
  ]
  assert.deepEqual(mastersIn(masters, ['run-a', 'run-c']), ['mymaster'])
  assert.deepEqual(mastersIn('ERR', ['run-a']), [])
  assert.deepEqual(
    othersIn([
      ['name', 'x', 'ip', '10.0.0.9', 'port', '5000'],
      ['name', 'y'],
    ]),
    [{ host: '10.0.0.9', port: 5000 }],
  )
})

test('commands that it knows by other names are found before anything is made', () => {
  refuses(/other names for FLUSHALL \(rename-command\), and is called by them/, {
    ...master,
    ...renamed('flushall', 1),
  })
  refuses(/does not know REPLICAOF by that name/, { ...master, ...renamed('replicaof', 0) })
  assert.match(
    surveyOf([{ ...master, ...renamed('flushall', 0) }]).warnings.join(),
    /other names for FLUSHALL.*nobody has called them/,
  )
  const unreadable = { kind: 'unreadable', reason: 'NOPERM' } as const
  assert.match(surveyOf([{ ...master, commands: unreadable }]).warnings.join(), /can't be told: NOPERM/)
})

test('clients’ networks and the number of replicas are as they were, and what a person should know is said', () => {
  const survey = surveyOf([
    found(
      'm',
      { followers: [follower(1), follower(2)] },
      { networks: ['app', 'bridge'], labels: { 'com.docker.compose.project': 'shop' } },
    ),
  ])
  assert.deepEqual(survey.external, ['app'])
  assert.equal(replicasOf(survey), 2)
  assert.match(
    survey.warnings.join('\n'),
    /2 more replicas follow m than were named[^]*default bridge[^]*m is of the compose project shop/,
  )
})

test('whoever else decides on a container is told of, and a node of a flotilla is not adopted', () => {
  const labelled = (label: string, value: string) => ({ ...master, labels: { [label]: value } })
  const warned = (label: string): string => surveyOf([labelled(label, 'shop')]).warnings.join()
  assert.match(warned('com.docker.swarm.service.name'), /Swarm service shop: .*docker service rm shop/)
  assert.match(warned('io.kubernetes.pod.name'), /redis-master is of the Kubernetes pod shop/)
  refuses(/redis-master is a node of the flotilla shop already/, labelled('io.flotilla.flotilla', 'shop'))
  refuses(/of another Flotilla, which would go on/, labelled('io.flotilla.unproven', 'shop'), slave)
})

const options: CarriedOptions = { persistence: { mode: 'aof' }, durability: null, config: {} }
const isPasswordless: CarriedUsers = { default: { kind: 'none' }, defaultUser: 'restricted', others: [] }
const fileOf = (user: string): string => `shop.${user}.password`

function declared(overrides: Partial<ManifestInput>, survey = surveyOf([master, slave])): FlotillaSpec {
  const input = { name: 'shop', login: null, options, users: isPasswordless, fileOf, ...overrides }
  const text = manifestFor(survey, input)
  const { declared: all, diagnostics } = parseManifest(text, { file: '/m/shop.yaml' })
  assert.deepEqual(diagnostics, [], text)
  return all[0]?.spec ?? assert.fail(text)
}

test('the manifest that is written is one, whatever the names in it look like to YAML', () => {
  for (const name of ['2024', '1e3', '0x10', 'null', 'on', '2024-01-01', 'true']) {
    const network = name === '2024' ? '2025' : '2024'
    const survey = surveyOf([found(name, {}, { networks: [network], port: 6380 }), slave])
    const spec = declared({ name, login: { user: name } }, survey)
    assert.deepEqual(
      [spec.name, spec.bootstrap?.at, spec.bootstrap?.user, spec.network.external, spec.replicas],
      [name, { kind: 'container', container: name, port: 6380 }, name, [network], 1],
    )
  }
})

test('passwords stand in files beside the manifest, and not in it', () => {
  const login = { kind: 'password', password: new Secret('hush') } as const
  const others = [
    { name: 'app', rules: '~app:* &* +@all', login },
    { name: 'ro', rules: '~* +@read', login: { kind: 'none' } as const },
  ]
  const spec = declared({
    login: { user: null },
    users: { default: login, defaultUser: 'restricted', others },
  })
  assert.equal(spec.bootstrap?.passwordFile, '/m/shop.default.password')
  assert.deepEqual(
    [spec.auth.kind, spec.auth.users.map(({ password }) => password)],
    ['password-file', [{ kind: 'password-file', path: '/m/shop.app.password' }, { kind: 'none' }]],
  )
  assert.equal(declared({}).auth.kind, 'none')
})

test('options are written so that a manifest reads them as the server had them', () => {
  const spec = declared({
    options: {
      persistence: { mode: 'rdb', save: ['900 1', '300 10'] },
      durability: { minReplicasToWrite: 1, maxLag: '12s' },
      config: { timeout: '300', 'notify-keyspace-events': '', 'lua-time-limit': '0100' },
    },
  })
  assert.deepEqual([spec.persistence.mode, spec.persistence.save], ['rdb', ['900 1', '300 10']])
  assert.deepEqual(spec.durability, { minReplicasToWrite: 1, maxLagSeconds: 12 })
  assert.deepEqual(
    [spec.config['timeout'], spec.config['notify-keyspace-events'], spec.config['lua-time-limit']],
    [['300'], [''], ['0100']],
  )
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
  const clash = { takenNames: ['web', 'shop-master'], external: ['compose_default'], networks: [] }
  assert.throws(() => requireFreeName('shop', clash), {
    code: 'usage/invalid',
    message: /shop-master is what a container is called already, or answers to on compose_default/,
  })
  requireFreeName('cart', clash)
  assert.equal(nameFor('compose_default', ['compose-default']), 'compose-default-flotilla')
  assert.throws(() => requireFreeName('cart', { ...clash, networks: ['cart'] }), {
    message: /there is a network cart already/,
  })
})

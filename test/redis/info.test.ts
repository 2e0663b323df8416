import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInfo } from '../../src/redis/info.js'
import {
  redis62Replica,
  redis70Master,
  redis70Replica,
  redis8Master,
  valkey8Replica,
} from './info-samples.js'
import type { RedisFacts } from '../../src/model/redis.js'

test('a 7.0 master is read whole', () => {
  assert.deepEqual(factsOf(redis70Master), {
    runId: '7ddad5ab6a57e139b95a6d70c6339f0ea28d3c65',
    flavour: 'redis',
    version: '7.0.15',
    uptimeSeconds: 1,
    role: 'master',
    replid: '8c45543d36a73b9bf4fbe8b044db39003e339631',
    previous: null,
    offset: 361,
    followers: [{ host: 'shop-1', port: 41181, state: 'online', offset: 361, lagSeconds: 0 }],
    upstream: null,
    loading: null,
    asyncLoading: false,
    keys: 12,
    keysByDatabase: { 0: 12 },
    memory: { usedBytes: 1163608, rssBytes: 12427264, maxBytes: 0 },
    eviction: { policy: 'noeviction', uncountedBytes: 0, expiringKeys: 0 },
    persistence: {
      aofEnabled: false,
      aofRewriteInProgress: false,
      aofLastRewriteOk: true,
      aofLastWriteOk: true,
      rdbSaveInProgress: false,
      rdbLastSaveOk: true,
      rdbLastSaveAtMs: 1795412842000,
      changesSinceLastSave: 12,
    },
    connectedClients: 2,
    writesPaused: false,
    goodReplicas: null,
    refused: { outOfMemory: 0, disk: 0, tooFewReplicas: 0 },
    opsPerSecond: 158,
    syncs: { full: 1, partialOk: 0, partialRefused: 0 },
    replicaPriority: 100,
    failingOver: false,
    unexpectedErrors: 0,
    modules: [],
  } satisfies RedisFacts)
})

test('a 7.0 replica in sync tells its master, its lineage and its position', () => {
  const facts = factsOf(redis70Replica)
  assert.equal(facts.role, 'replica')
  assert.equal(facts.replid, factsOf(redis70Master).replid)
  assert.deepEqual(facts.upstream, {
    host: '127.0.0.1',
    port: 44821,
    link: 'up',
    readOnly: true,
    lastIoSeconds: 1,
    linkDownSeconds: null,
    syncing: false,
    syncTotalBytes: 0,
    syncReadBytes: 0,
    appliedOffset: 361,
    readOffset: 361,
  })
})

test('a 6.2 replica in its first sync has no position: 1 and -1 mean none, and an IPv6 master is read whole', () => {
  const facts = factsOf(redis62Replica)
  assert.equal(facts.version, '6.2.14')
  assert.equal(facts.replicaPriority, 0)
  assert.deepEqual(facts.upstream, {
    host: 'fd00:0:0:1::5',
    port: 6379,
    link: 'down',
    readOnly: true,
    lastIoSeconds: null,
    linkDownSeconds: null,
    syncing: true,
    syncTotalBytes: 0,
    syncReadBytes: 12345,
    appliedOffset: null,
    readOffset: null,
  })
  assert.deepEqual(
    [
      facts.persistence.rdbLastSaveOk,
      facts.persistence.aofLastWriteOk,
      facts.persistence.aofRewriteInProgress,
    ],
    [false, false, true],
  )
})

test('an 8.0 master is read in spite of fields and sub-fields that are not known here', () => {
  const facts = factsOf(redis8Master)
  assert.deepEqual(facts.followers, [
    { host: 'fd00:0:0:1::7', port: 6379, state: 'online', offset: 1400, lagSeconds: 1 },
    { host: 'shop-2', port: 6379, state: 'send_bulk_and_stream', offset: 0, lagSeconds: 0 },
  ])
  assert.deepEqual(facts.previous, { replid: '8282828282828282828282828282828282828282', untilOffset: 1001 })
  assert.equal(facts.keys, 42)
})

test('a Valkey tells its own version, not the Redis version that it claims, and how far it has loaded', () => {
  const facts = factsOf(valkey8Replica)
  assert.deepEqual([facts.flavour, facts.version], ['valkey', '8.1.1'])
  assert.deepEqual(facts.loading, { loadedBytes: 52428800, totalBytes: 209715200, etaSeconds: 3 })
  assert.equal(facts.upstream?.linkDownSeconds, 7)
  assert.equal(facts.followers[0]?.host, 'shop-3')
})

test('lines may end in CR LF, as on the wire', () => {
  assert.deepEqual(parseInfo(redis8Master.replaceAll('\n', '\r\n')), parseInfo(redis8Master))
})

test('a text without run id, role or replid is unreadable, and says which is missing', () => {
  const without = (key: string): string => redis70Master.replace(new RegExp(`^${key}:.*$`, 'm'), '')
  assert.match(reasonOf(without('run_id')), /run_id/)
  assert.match(reasonOf(without('role')), /role is missing/)
  assert.match(reasonOf(without('master_replid')), /master_replid/)
  assert.match(reasonOf(redis70Master.replace('role:master', 'role:sentinel')), /"sentinel"/)
  assert.match(reasonOf(''), /run_id/)
})

test('whatever the text, the answer is facts with sane numbers, or a reason', () => {
  const keys = [...new Set([redis70Replica, redis8Master, valkey8Replica].join('\n').match(/^\w+(?=:)/gm))]
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom('-1', '99999999999999999999999', 'NaN', '1e9', '', 'ip=,port=x', 'keys=-4', 'ip=a,ip=b'),
  )
  const lines = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...keys, '__proto__', 'db0'), fc.string()), value))
  const text = fc.tuple(fc.constantFrom('', redis70Replica, redis8Master), lines).map(
    // The fuzzed lines go first: of two equal keys the first counts.
    ([tail, pairs]) => `${pairs.map(pair => pair.join(':')).join('\n')}\n${tail}`,
  )
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), hostile => {
      const info = parseInfo(hostile)
      if (info.kind === 'unreadable') return info.reason.length < 200
      const { facts } = info
      const { upstream, offset, keys: count, uptimeSeconds, memory } = facts
      return [
        offset,
        count,
        uptimeSeconds,
        memory.usedBytes,
        upstream?.appliedOffset ?? 0,
        upstream?.port ?? 0,
      ].every(number => Number.isFinite(number) && number >= 0)
    }),
    { numRuns: 500 },
  )
})

function factsOf(text: string): RedisFacts {
  const info = parseInfo(text)
  return info.kind === 'facts' ? info.facts : assert.fail(info.reason)
}

function reasonOf(text: string): string {
  const info = parseInfo(text)
  return info.kind === 'unreadable' ? info.reason : assert.fail('it was readable')
}

test('what makes a replica something else than a copy is read: databases, writes of its own, refused commands, modules, a FAILOVER', () => {
  const text = redis70Replica
    .replace('slave_read_only:1', 'slave_read_only:0')
    .replace('unexpected_error_replies:0', 'unexpected_error_replies:2')
    .replace('master_failover_state:no-failover', 'master_failover_state:failover-in-progress')
  const facts = factsOf(
    `${text}\r\n# Modules\r\nmodule:name=ReJSON,ver=20000,api=1\r\nmodule:name=bf,ver=20203,api=1\r\ndb3:keys=4,expires=0,avg_ttl=0\r\n`,
  )
  assert.equal(facts.upstream?.readOnly, false)
  assert.equal(facts.unexpectedErrors, 2)
  assert.equal(facts.failingOver, true)
  assert.deepEqual(facts.modules, ['ReJSON', 'bf'])
  assert.equal(facts.keysByDatabase[3], 4)
})

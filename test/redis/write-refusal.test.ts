import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showsPausedClients } from '../../src/redis/client/paused-clients.js'
import { writeRefusal, type WriteGuards } from '../../src/redis/write-refusal.js'
import { redisFacts } from '../reconciler/support/world.js'
import type { RedisFacts } from '../../src/model/redis.js'

const guards: WriteGuards = {
  savesSnapshots: true,
  stopsWhenSnapshotFails: true,
  minReplicas: 2,
  wasOutOfMemory: false,
  hasRefused: false,
}
const mib = 1024 * 1024

function reason(facts: Partial<RedisFacts>, changed: Partial<WriteGuards> = {}): string {
  return writeRefusal(redisFacts(facts), { ...guards, ...changed })?.reason ?? 'accepted'
}

function used(bytes: number, eviction: Partial<RedisFacts['eviction']> = {}): Partial<RedisFacts> {
  return {
    memory: { usedBytes: bytes, rssBytes: bytes, maxBytes: 10 * mib },
    eviction: { policy: 'noeviction', uncountedBytes: 0, expiringKeys: 0, ...eviction },
  }
}

test('a master with nothing against it takes writes', () => {
  assert.equal(reason({}), 'accepted')
  assert.equal(reason(used(9 * mib)), 'accepted')
})

test('a master that has used its memory up refuses writes, unless it can evict something', () => {
  assert.equal(reason(used(10 * mib + 1)), 'OutOfMemory')
  assert.equal(reason(used(10 * mib - 1_000)), 'OutOfMemory')
  assert.equal(reason(used(11 * mib, { uncountedBytes: 2 * mib })), 'accepted')
  assert.equal(reason(used(11 * mib, { policy: 'allkeys-lru' })), 'accepted')
  assert.equal(reason({ ...used(11 * mib, { policy: 'allkeys-lru' }), keys: 0 }), 'OutOfMemory')
  assert.equal(reason(used(11 * mib, { policy: 'volatile-ttl' })), 'OutOfMemory')
  assert.equal(reason(used(11 * mib, { policy: 'volatile-ttl', expiringKeys: 1 })), 'accepted')
  assert.equal(
    reason({ ...used(11 * mib), memory: { usedBytes: 11 * mib, rssBytes: 0, maxBytes: 0 } }),
    'accepted',
  )
})

test('out of memory does not come and go with the buffers of whoever is connected', () => {
  assert.equal(reason(used(9.9 * mib)), 'accepted')
  assert.equal(reason(used(9.9 * mib), { wasOutOfMemory: true }), 'OutOfMemory')
  assert.equal(reason(used(9.7 * mib), { wasOutOfMemory: true }), 'accepted')
})

test('memory that does for a small value and not for a large one is too little', () => {
  const refused = { outOfMemory: 3, disk: 0, tooFewReplicas: 0 }
  assert.equal(reason({ ...used(9 * mib), refused }, { hasRefused: true }), 'OutOfMemory')
  assert.equal(reason({ ...used(9 * mib), refused }), 'accepted')
})

test('a failed snapshot stops writes only where there are save points, and where it is meant to', () => {
  const failed = { persistence: { ...redisFacts().persistence, rdbLastSaveOk: false } }
  assert.equal(reason(failed), 'SnapshotFailed')
  assert.equal(reason(failed, { savesSnapshots: false }), 'accepted')
  assert.equal(reason(failed, { stopsWhenSnapshotFails: false }), 'accepted')
})

test('an append-only file that can not be written stops writes while there is to be one', () => {
  const { persistence } = redisFacts()
  assert.equal(reason({ persistence: { ...persistence, aofLastWriteOk: false } }), 'DiskError')
  const off = { ...persistence, aofEnabled: false, aofLastWriteOk: false }
  assert.equal(reason({ persistence: off }), 'accepted')
})

test('fewer replicas in sync than a write needs stop writes', () => {
  assert.equal(reason({ goodReplicas: 1 }), 'TooFewReplicas')
  assert.equal(reason({ goodReplicas: 2 }), 'accepted')
  assert.equal(reason({ goodReplicas: null }), 'accepted')
})

test('what a pause keeps waiting is told from what waits by itself', () => {
  const client = (flags: string, cmd: string): string =>
    `id=13 addr=10.0.0.1:60336 laddr=10.0.0.2:6379 fd=8 name= flags=${flags} db=0 cmd=${cmd} user=default redir=-1 resp=2\n`
  const others = client('N', 'client|list') + client('b', 'blpop') + client('b', 'ts.mrange')
  assert.equal(showsPausedClients(others), false)
  assert.equal(showsPausedClients(others + client('b', 'set')), true)
  assert.equal(showsPausedClients(others + client('b', 'XREADGROUP')), false)
  assert.equal(reason({ writesPaused: true }), 'Paused')
})

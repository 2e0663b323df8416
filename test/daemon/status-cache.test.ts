import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readStatusCache, StatusCache, serveStatusCache } from '../../src/session/status-cache.js'
import type { FailingStatus, FlotillaStatus } from '../../src/model/status.js'

const shop = { name: 'shop' } as FlotillaStatus
const cart = { name: 'cart' } as FlotillaStatus

test('whoever asks a daemon is told what it knows', async t => {
  const state = folder(t)
  const read = { manifests: '/etc/flotilla', statuses: [shop, cart], failing: {} }
  const offer = await serveStatusCache(state, () => read)
  assert.deepEqual(await readStatusCache(state), read)
  assert.equal(statSync(join(state, 'daemon.sock')).mode & 0o077, 0)
  await offer.close()
  assert.ok(!existsSync(join(state, 'daemon.sock')))
})

test('what a killed daemon left behind is in nobody’s way', async t => {
  const state = folder(t)
  writeFileSync(join(state, 'daemon.sock'), '')
  assert.equal(await readStatusCache(state), null)
  const offer = await serveStatusCache(state, () => ({ manifests: '/m', statuses: [], failing: {} }))
  assert.deepEqual(await readStatusCache(state), { manifests: '/m', statuses: [], failing: {} })
  await offer.close()
})

test('without a daemon there is no answer', async t => {
  assert.equal(await readStatusCache(folder(t)), null)
  assert.equal(await readStatusCache('/no/such/folder'), null)
})

test('a daemon that hangs, or ends in the middle, is no answer, and is not waited for', async t => {
  const state = folder(t)
  for (const words of [null, '{"manifests":']) {
    const server = createServer(socket => (words === null ? undefined : socket.end(words)))
    await new Promise<void>(resolve => server.listen(join(state, 'daemon.sock'), resolve))
    assert.equal(await readStatusCache(state), null)
    await new Promise(resolve => server.close(resolve))
  }
})

test('where there can be no socket the daemon runs without one', async t => {
  const deep = join(folder(t), 'x'.repeat(200))
  const offer = await serveStatusCache(deep, () => ({ manifests: '/m', statuses: null, failing: {} }))
  assert.equal(await readStatusCache(deep), null)
  await offer.close()
})

test('a daemon vouches for what it has looked at, while the engine answers and the manifests are whole', () => {
  const statuses = new Map([
    ['shop', shop],
    ['cart', cart],
  ])
  const statusCache = new StatusCache('/m', {
    names: ['shop', 'cart'],
    statusOf: name => statuses.get(name) ?? null,
    passFailureOf: () => null,
  })
  assert.equal(statusCache.read().statuses, null, 'it has read no manifest yet')
  statusCache.noteDeclared(['shop', 'cart'])
  statusCache.notePass('shop', 'settled')
  assert.equal(statusCache.read().statuses, null, 'the status of cart is of an earlier run')
  statusCache.notePass('cart', 'again')
  assert.deepEqual(statusCache.read(), { manifests: '/m', statuses: [shop, cart], failing: {} })
  statusCache.notePass('cart', 'failed')
  assert.equal(statusCache.read().statuses, null, 'cart could not be looked at')
  statusCache.notePass('cart', 'stuck')
  statusCache.noteEngine(false)
  assert.equal(statusCache.read().statuses, null, 'the engine is lost')
  statusCache.noteEngine(true)
  statusCache.noteDeclared(null)
  assert.equal(statusCache.read().statuses, null, 'a manifest is broken')
  statusCache.noteDeclared(['shop'])
  assert.deepEqual(statusCache.read(), { manifests: '/m', statuses: [shop], failing: {} })
})

test('a daemon whose passes come to nothing says why, though it vouches for nothing else', () => {
  const failure = { action: 'reconcile', error: 'the disk is full' } as FailingStatus
  const statusCache = new StatusCache('/m', {
    names: ['shop', 'cart'],
    statusOf: () => null,
    passFailureOf: name => (name === 'shop' ? failure : null),
  })
  assert.deepEqual(statusCache.read(), { manifests: '/m', statuses: null, failing: { shop: failure } })
})

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-glance-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

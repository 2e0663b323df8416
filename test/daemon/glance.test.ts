import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { askForGlance, Knowledge, offerGlances } from '../../src/daemon/glance.js'
import type { FailingStatus, FlotillaStatus } from '../../src/reconciler/status/status.js'

const shop = { name: 'shop' } as FlotillaStatus
const cart = { name: 'cart' } as FlotillaStatus

test('whoever asks a daemon is told what it knows', async t => {
  const state = folder(t)
  const glance = { manifests: '/etc/flotilla', statuses: [shop, cart], failing: {} }
  const offer = await offerGlances(state, () => glance)
  assert.deepEqual(await askForGlance(state), glance)
  assert.equal(statSync(join(state, 'daemon.sock')).mode & 0o077, 0)
  await offer.close()
  assert.ok(!existsSync(join(state, 'daemon.sock')))
})

test('what a killed daemon left behind is in nobody’s way', async t => {
  const state = folder(t)
  writeFileSync(join(state, 'daemon.sock'), '')
  assert.equal(await askForGlance(state), null)
  const offer = await offerGlances(state, () => ({ manifests: '/m', statuses: [], failing: {} }))
  assert.deepEqual(await askForGlance(state), { manifests: '/m', statuses: [], failing: {} })
  await offer.close()
})

test('without a daemon there is no answer', async t => {
  assert.equal(await askForGlance(folder(t)), null)
  assert.equal(await askForGlance('/no/such/folder'), null)
})

test('a daemon that hangs, or ends in the middle, is no answer, and is not waited for', async t => {
  const state = folder(t)
  for (const words of [null, '{"manifests":']) {
    const server = createServer(socket => (words === null ? undefined : socket.end(words)))
    await new Promise<void>(resolve => server.listen(join(state, 'daemon.sock'), resolve))
    assert.equal(await askForGlance(state), null)
    await new Promise(resolve => server.close(resolve))
  }
})

test('where there can be no socket the daemon runs without one', async t => {
  const deep = join(folder(t), 'x'.repeat(200))
  const offer = await offerGlances(deep, () => ({ manifests: '/m', statuses: null, failing: {} }))
  assert.equal(await askForGlance(deep), null)
  await offer.close()
})

test('a daemon vouches for what it has looked at, while the engine answers and the manifests are whole', () => {
  const statuses = new Map([
    ['shop', shop],
    ['cart', cart],
  ])
  const knowledge = new Knowledge('/m', {
    names: ['shop', 'cart'],
    statusOf: name => statuses.get(name) ?? null,
    failingPassOf: () => null,
  })
  assert.equal(knowledge.glance().statuses, null, 'it has read no manifest yet')
  knowledge.noteWanted(['shop', 'cart'])
  knowledge.notePass('shop', 'settled')
  assert.equal(knowledge.glance().statuses, null, 'the status of cart is of an earlier run')
  knowledge.notePass('cart', 'again')
  assert.deepEqual(knowledge.glance(), { manifests: '/m', statuses: [shop, cart], failing: {} })
  knowledge.notePass('cart', 'failed')
  assert.equal(knowledge.glance().statuses, null, 'cart could not be looked at')
  knowledge.notePass('cart', 'stuck')
  knowledge.noteEngine(false)
  assert.equal(knowledge.glance().statuses, null, 'the engine is lost')
  knowledge.noteEngine(true)
  knowledge.noteWanted(null)
  assert.equal(knowledge.glance().statuses, null, 'a manifest is broken')
  knowledge.noteWanted(['shop'])
  assert.deepEqual(knowledge.glance(), { manifests: '/m', statuses: [shop], failing: {} })
})

test('a daemon whose passes come to nothing says why, though it vouches for nothing else', () => {
  const failure = { action: 'reconcile', error: 'the disk is full' } as FailingStatus
  const knowledge = new Knowledge('/m', {
    names: ['shop', 'cart'],
    statusOf: () => null,
    failingPassOf: name => (name === 'shop' ? failure : null),
  })
  assert.deepEqual(knowledge.glance(), { manifests: '/m', statuses: null, failing: { shop: failure } })
})

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-glance-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

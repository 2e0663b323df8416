import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { openJournal } from '../../src/events/journal/journal.js'
import { readEvents } from '../../src/events/journal/read.js'
import { silentSink } from '../../src/events/silent-sink.js'
import { newPassword } from '../../src/reconciler/auth/ensure-keyring.js'
import { newKeyring } from '../../src/reconciler/auth/keyring.js'
import { FlotillaRecord } from '../../src/reconciler/loop/flotilla-record.js'
import { lockState } from '../../src/state/lock.js'
import { StateStore } from '../../src/state/state-store.js'
import { manualClock } from '../reconciler/support/manual-clock.js'
import { until } from '../support/until.js'

/** What becomes of files that somebody removes while a daemon runs. */

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-lost-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'state')
}

async function storeWithPasswords(folder: string): Promise<StateStore> {
  const store = new StateStore(folder)
  await store.saveKeyring('shop', newKeyring({ secret: newPassword(), origin: 'generated' }, newPassword))
  return store
}

test('secrets that somebody removes under a running daemon are noticed, and written again as they were', async t => {
  const folder = stateFolder(t)
  const store = await storeWithPasswords(folder)
  const secrets = join(folder, 'secrets')
  const read = (): readonly (readonly [string, string, number])[] =>
    readdirSync(secrets)
      .sort()
      .map(name => [
        name,
        readFileSync(join(secrets, name), 'utf8'),
        statSync(join(secrets, name)).mode & 0o777,
      ])
  const before = read()
  assert.deepEqual(store.missingFiles('shop'), [])
  rmSync(join(secrets, 'shop.password'))
  assert.deepEqual(store.missingFiles('shop'), [join(secrets, 'shop.password')])
  rmSync(secrets, { recursive: true })
  assert.deepEqual(store.missingFiles('shop'), [join(secrets, 'shop.json'), join(secrets, 'shop.password')])
  await store.restoreMissingFiles('shop')
  assert.deepEqual(read(), before)
  assert.deepEqual(store.missingFiles('shop'), [])
})

test('secrets that were never there are not missed', async t => {
  const store = new StateStore(stateFolder(t))
  assert.deepEqual(store.missingFiles('shop'), [])
  await store.restoreMissingFiles('shop')
  assert.equal(existsSync(store.passwordPath('shop')), false)
})

test('the memory of a flotilla is written again at its next pass, though nothing in it has changed', async t => {
  const folder = stateFolder(t)
  const store = new StateStore(folder)
  const record = await FlotillaRecord.load(store, 'shop', silentSink)
  await record.saveMemory(memory => ({ ...memory, epoch: 3 }))
  rmSync(join(folder, 'shop.json'))
  await record.saveMemory(memory => memory)
  assert.equal((await store.peekMemory('shop'))?.epoch, 3)
})

test('events go on being kept when somebody removes the journal', async t => {
  const folder = stateFolder(t)
  const journal = openJournal(folder, { clock: systemClock, forwardTo: silentSink })
  t.after(() => journal.close())
  journal.publish('engine.recovered', { downMs: 1 })
  rmSync(join(folder, 'events'), { recursive: true })
  journal.publish('engine.recovered', { downMs: 2 })
  assert.deepEqual(
    (await readEvents(folder)).map(({ id, fields }) => [id, fields['downMs']]),
    [[2, 2]],
  )
})

test('a lock that somebody removes is taken again, and shuts a second Flotilla out', async t => {
  const folder = stateFolder(t)
  const clock = manualClock(Date.now())
  const self = { pid: process.pid, host: hostname(), command: 'run' }
  const lock = await lockState(folder, self, clock)
  rmSync(join(folder, 'daemon.lock'))
  clock.advance(10_000)
  await until('the lock to be taken again', 10_000, () => existsSync(join(folder, 'daemon.lock')))
  await assert.rejects(lockState(folder, self, clock), /works on the state directory/)
  await lock.release()
})

test('the state directory of a clone becomes its owner’s alone, and so is every file in it', async t => {
  const folder = stateFolder(t)
  mkdirSync(folder, { mode: 0o755 })
  const self = { pid: process.pid, host: 'here', command: 'run' }
  const lock = await lockState(folder, self, systemClock)
  const store = await storeWithPasswords(folder)
  await store.saveStatus({ name: 'shop' } as Parameters<StateStore['saveStatus']>[0])
  const modes = ['.', 'daemon.lock', 'shop.status.json', 'secrets'].map(
    name => statSync(join(folder, name)).mode & 0o077,
  )
  assert.deepEqual(modes, [0, 0, 0, 0])
  await lock.release()
})

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { findServiceManager } from '../../src/daemon/service-manager.js'
import { until } from '../support/until.js'

/** A `systemd-notify` that writes down what it is told, in place of the one that speaks to systemd. */
function notebook(t: TestContext): { readonly path: string; readonly told: () => readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-notify-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'told')
  writeFileSync(
    join(folder, 'systemd-notify'),
    `#!/bin/sh\nprintf '%s' "$NOTIFY_SOCKET" >> '${file}'\nprintf ' %s' "$@" >> '${file}'\nprintf '\\n' >> '${file}'\n`,
  )
  chmodSync(join(folder, 'systemd-notify'), 0o755)
  return {
    path: folder,
    told: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
  }
}

test('systemd hears that the daemon is ready, then that it lives, then that it ends', async t => {
  const { path, told } = notebook(t)
  const setting = { socket: '/run/n', watchdogMicroseconds: '300000', path }
  const manager = findServiceManager(setting, systemClock, error => assert.fail(error))
  manager.ready(() => '1 flotilla: 1 Ready')
  await until('two signs of life', 20_000, () =>
    Promise.resolve(told().filter(line => line.includes('WATCHDOG=1')).length >= 2),
  )
  manager.stopping()
  await until('the end to be told', 20_000, () =>
    Promise.resolve(told().some(line => line.includes('STOPPING=1'))),
  )
  assert.equal(told()[0], '/run/n READY=1 STATUS=1 flotilla: 1 Ready')
  assert.ok(told().includes('/run/n WATCHDOG=1 STATUS=1 flotilla: 1 Ready'))
})

test('where no service manager listens nothing is told', t => {
  const { path, told } = notebook(t)
  const setting = { socket: undefined, watchdogMicroseconds: undefined, path }
  const manager = findServiceManager(setting, systemClock, error => assert.fail(error))
  manager.ready(() => '')
  manager.stopping()
  assert.deepEqual(told(), [])
})

test('that it can not be told is said once', async t => {
  const troubles: Error[] = []
  const setting = { socket: '/run/n', watchdogMicroseconds: '60000', path: join(notebook(t).path, 'nowhere') }
  const manager = findServiceManager(setting, systemClock, error => troubles.push(error))
  manager.ready(() => '')
  await until('the trouble', 20_000, () => Promise.resolve(troubles.length > 0))
  manager.stopping()
  assert.equal(troubles.length, 1)
  assert.match(troubles[0]?.message ?? '', /systemd-notify/)
})

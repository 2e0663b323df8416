import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { summary } from '../../src/daemon/admin.js'
import { listenForAdminSignals } from '../../src/daemon/admin-signals.js'

test('a summary counts by phase and names what is not Ready', () => {
  assert.equal(summary([]), 'no flotillas')
  assert.equal(summary([{ name: 'shop', phase: 'Ready' }]), '1 flotilla: 1 Ready')
  assert.equal(
    summary([
      { name: 'b', phase: 'Held' },
      { name: 'shop', phase: 'Ready' },
      { name: 'a', phase: 'Held' },
    ]),
    '3 flotillas: 1 Ready, 2 Held (a, b)',
  )
})

test('a signal that comes before the daemon is ready is obeyed as soon as it is, once', () => {
  const process = new EventEmitter()
  const adminSignals = listenForAdminSignals(process)
  process.emit('SIGHUP')
  process.emit('SIGHUP')
  const obeyed: string[] = []
  adminSignals.handleWith({
    reload: () => obeyed.push('reload'),
    reportState: () => obeyed.push('tell state'),
    changeLogLevel: () => obeyed.push('change log level'),
  })
  process.emit('SIGUSR1')
  process.emit('SIGUSR2')
  assert.deepEqual(obeyed, ['reload', 'tell state', 'change log level'])
  adminSignals.close()
  assert.deepEqual(process.eventNames(), [])
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gatherSentinelFacts } from '../../src/cli/doctor/gather-sentinel.js'
import { readSentinelState } from '../../src/cli/sentinel-state.js'
import { systemClock } from '../../src/clock.js'
import { openJournal, type Journal } from '../../src/events/journal/journal.js'
import { silentSink } from '../../src/events/silent-sink.js'

function journal(t: TestContext): { readonly directory: string; readonly events: Journal } {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-sentinel-'))
  const events = openJournal(directory, { clock: systemClock, forwardTo: silentSink })
  t.after(() => {
    events.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return { directory, events }
}

function tellStart(events: Journal): void {
  const engine = { engine: 'docker', apiVersion: '1.41', reach: 'container-ip', reason: 'local' }
  events.publish('daemon.started', { version: '0', pid: 1, manifests: 'm', state: 's', ...engine })
}

test('what the daemon has told of its Sentinel protocol since its start is known, and nothing of an earlier one', async t => {
  const { directory, events } = journal(t)
  const none = { listening: [], waiting: [], problems: [] }
  assert.deepEqual(await readSentinelState(directory), none)
  tellStart(events)
  events.publish('sentinel.listening', { address: '127.0.0.1:26000', password: true })
  tellStart(events)
  events.publish('sentinel.listening', { address: '127.0.0.1:26379', password: false })
  events.publish('sentinel.waiting', { address: '172.30.0.1:26379' })
  events.publish('sentinel.waiting', { address: '172.31.0.1:26379' })
  events.publish('sentinel.listening', { address: '172.31.0.1:26379', password: false })
  assert.deepEqual(await readSentinelState(directory), {
    listening: [
      { address: '127.0.0.1:26379', password: false },
      { address: '172.31.0.1:26379', password: false },
    ],
    waiting: ['172.30.0.1:26379'],
    problems: [],
  })
  events.publish('daemon.stopped', {})
  assert.deepEqual(await readSentinelState(directory), none)
})

test('while no daemon runs the addresses of FLOTILLA_SENTINEL are tried', async t => {
  const { directory } = journal(t)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const state = { directory, holder: null } as unknown as Parameters<typeof gatherSentinelFacts>[0]
  const { taken } = await gatherSentinelFacts(state, `127.0.0.1:${port},127.0.0.1:0`)
  assert.deepEqual(taken, [{ address: `127.0.0.1:${port}`, reason: 'another process answers there' }])
})

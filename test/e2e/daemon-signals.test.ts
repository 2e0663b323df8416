import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertUntouched } from '../support/common-assertions.js'
import { testWorld } from '../support/world.js'

test('a running daemon takes orders by signals, and touches no container for them', async t => {
  const world = testWorld(t, 'orders')
  world.declare({ replicas: 1 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const before = await world.containers()

  await t.test('SIGUSR1 → the log says how every flotilla is', async () => {
    daemon.signal('SIGUSR1')
    const state = await daemon.waitFor('daemon.state')
    assert.equal(state['pid'], daemon.pid)
    assert.equal(state['waiting'], 0)
    assert.match(
      String(state['flotillas']),
      new RegExp(`^${world.name}: Ready; .*master ${world.name}-master`),
    )
  })

  await t.test('SIGUSR2 → debug; again → as before', async () => {
    daemon.signal('SIGUSR2')
    const louder = await daemon.waitFor('daemon.log-level')
    assert.deepEqual([louder['from'], louder['to']], ['info', 'debug'])
    await daemon.waitFor('pass.done')
    const mark = daemon.mark()
    daemon.signal('SIGUSR2')
    const quieter = await daemon.waitFor('daemon.log-level', { since: mark })
    assert.deepEqual([quieter['from'], quieter['to']], ['debug', 'info'])
  })

  await t.test('SIGHUP → the manifests are read again', async () => {
    const mark = daemon.mark()
    world.declare({ replicas: 0 })
    daemon.signal('SIGHUP')
    await daemon.waitFor('daemon.reloading', { since: mark })
    await daemon.waitFor('manifest.loaded', { since: mark })
    await daemon.waitFor('node.removed', { since: mark })
  })

  const left = await world.containers()
  await assertUntouched(
    world,
    before.filter(node => left.some(one => one.ordinal === node.ordinal)),
  )
})

test('for the journal each line begins with its priority', async t => {
  const world = testWorld(t, 'journald')
  world.declare({ replicas: 0 })
  const daemon = world.startDaemon({ args: ['--log-format', 'journald'] })
  await daemon.waitFor('not-json', { where: line => line.msg.includes('"event":"flotilla.ready"') })
  daemon.signal('SIGUSR2')
  await daemon.waitFor('not-json', { where: line => line.msg.includes('"event":"pass.done"') })
  await daemon.stop()
  const lines = daemon.output.trimEnd().split('\n')
  const priorities = { error: 3, warn: 4, info: 6, debug: 7 }
  for (const line of lines) {
    const [, priority, json = ''] = /^<(\d)>(\{.*\})$/.exec(line) ?? []
    const { level } = JSON.parse(json) as { level: keyof typeof priorities }
    assert.equal(Number(priority), priorities[level], line)
  }
})

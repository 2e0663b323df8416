import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { openJournal, type Journal } from '../../src/events/journal/journal.js'
import { readEvents } from '../../src/events/journal/read.js'
import { silentSink } from '../../src/events/silent-sink.js'
import { DeliveryWorker } from '../../src/notify/delivery.js'
import type { Notification } from '../../src/notify/notification.js'
import type { DeliveryResult, Receiver } from '../../src/notify/receiver.js'
import { manualClock, type ManualClock } from '../reconciler/support/manual-clock.js'
import { until } from '../support/until.js'

describe('a messenger', () => {
  test('tells of what happens from its start on, in order, once each', async t => {
    const world = openWorld(t)
    world.failover(2)
    const { got } = await world.start()
    world.failover(3)
    world.ready()
    await until('two notices', 30_000, () => got.length === 2)
    assert.deepEqual(
      got.map(({ kind, facts }) => `${kind} ${String(facts['epoch'])}`),
      ['failover 3', 'recovery 3'],
    )
  })

  test('tries again after longer and longer until it gets through, under the same id', async t => {
    const world = openWorld(t)
    const tried: number[] = []
    const { got } = await world.start(() => {
      tried.push(world.clock.nowMs())
      return tried.length < 5 ? { kind: 'failed', reason: 'nobody listens', isRetryable: true } : delivered
    })
    world.failover(2)
    await until('it to get through', 30_000, async () => {
      world.clock.advance(100)
      return (await world.events('notification.sent')).length === 1
    })
    assert.equal(new Set(got.map(notification => notification.id)).size, 1)
    const waits = tried.slice(1).map((ms, index) => ms - (tried[index] ?? 0))
    waits.forEach((ms, index) =>
      assert.ok(ms >= 500 * 2 ** index && ms <= 1_100 * 2 ** index, waits.join(', ')),
    )
    const [sent] = await world.events('notification.sent')
    assert.equal(sent?.fields['tries'], 5)
    assert.equal((await world.events('notification.failed')).length, 1, 'the same trouble is told once')
  })

  test('gives up what is an hour old, says so, and goes on with the next', async t => {
    const world = openWorld(t)
    const { got } = await world.start(notification =>
      notification.kind === 'recovery'
        ? delivered
        : { kind: 'failed', reason: 'nobody listens', isRetryable: true },
    )
    const begunMs = world.clock.nowMs()
    world.failover(2)
    await until('it to give up', 60_000, async () => {
      world.clock.advance(30_000)
      return (await world.events('notification.abandoned')).length === 1
    })
    assert.ok(got.length > 1, 'it was tried again')
    assert.ok(world.clock.nowMs() - begunMs >= 3_600_000, 'for an hour')
    world.ready()
    await until('the recovery', 30_000, () => got.at(-1)?.kind === 'recovery')
  })

  test('does not insist on what the receiver refuses', async t => {
    const world = openWorld(t)
    const { got } = await world.start(() => ({ kind: 'failed', reason: 'status 401', isRetryable: false }))
    world.failover(2)
    const [event] = await until('it to give up', 30_000, async () => {
      const events = await world.events('notification.abandoned')
      return events.length > 0 && events
    })
    assert.equal(event?.fields['error'], 'status 401')
    assert.equal(got.length, 1)
  })

  test('goes on with the next where a try is not even possible', async t => {
    const world = openWorld(t)
    const { got } = await world.start(notification => {
      if (notification.kind === 'failover') throw new Error('spawn E2BIG')
      return delivered
    })
    world.failover(2)
    world.ready()
    await until('the next', 30_000, () => got.at(-1)?.kind === 'recovery')
    const [event] = await world.events('notification.abandoned')
    assert.equal(event?.fields['error'], 'spawn E2BIG')
  })

  test('tells the next time what it could not tell before Flotilla ended, and nothing twice', async t => {
    const world = openWorld(t)
    const first = await world.start(notification =>
      notification.facts['epoch'] === 2
        ? delivered
        : { kind: 'failed', reason: 'nobody listens', isRetryable: true },
    )
    world.failover(2)
    world.failover(3)
    await until('the second one to fail', 30_000, () => first.got.length === 2)
    await first.worker.stop()
    world.ready()
    const second = await world.start()
    await until('the rest', 30_000, () => second.got.length === 2)
    assert.deepEqual(
      second.got.map(notification => notification.kind),
      ['failover', 'recovery'],
    )
    assert.equal(second.got[0]?.id, first.got[1]?.id)
  })

  test('that waits for a dead receiver delays neither who publishes nor another receiver', async t => {
    const world = openWorld(t)
    const dead = await world.start(() => new Promise<DeliveryResult>(() => undefined), 'command')
    const alive = await world.start()
    for (let epoch = 2; epoch < 12; epoch += 1) world.failover(epoch)
    await until('the living one to have all', 30_000, () => alive.got.length === 10)
    assert.equal(dead.got.length, 1)
  })
})

const delivered: DeliveryResult = { kind: 'delivered', detail: '' }

function openWorld(t: TestContext) {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'flotilla-notify-'))
  const clock: ManualClock = manualClock(Date.UTC(2026, 10, 23))
  const journal: Journal = openJournal(stateDirectory, { clock, forwardTo: silentSink })
  const workers: DeliveryWorker[] = []
  const hanging = new AbortController()
  t.after(async () => {
    hanging.abort()
    await Promise.all(workers.map(worker => worker.stop()))
    journal.close()
    rmSync(stateDirectory, { recursive: true })
  })
  let epoch = 1
  const scope = { flotilla: 'shop' }
  return {
    clock,
    events: async (code: string) =>
      (await readEvents(stateDirectory)).filter(record => record.event === code),
    failover(to: number): void {
      epoch = to
      journal.publish(
        'master.changed',
        { from: 0, to: 1, epoch, kind: 'failover', reason: 'it ended' },
        scope,
      )
    },
    ready: () =>
      journal.publish('flotilla.ready', { master: 'shop-master', replicas: 2, generation: 1, epoch }, scope),
    /** Resolves when it has begun: what happens from then on it tells. */
    async start(
      answer: (notification: Notification) => DeliveryResult | Promise<DeliveryResult> = () => delivered,
      name: Receiver['name'] = 'webhook',
    ) {
      const got: Notification[] = []
      const worker = new DeliveryWorker(
        {
          name,
          where: 'nowhere',
          send: async (notification, signal) => {
            got.push(notification)
            return Promise.race([
              answer(notification),
              untilAborted(AbortSignal.any([signal, hanging.signal])),
            ])
          },
        },
        { stateDirectory, journal, clock, random: () => 0 },
      )
      workers.push(worker)
      await worker.started
      return { got, worker }
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<DeliveryResult> {
  return new Promise(resolve =>
    signal.addEventListener('abort', () => resolve({ kind: 'failed', reason: 'ended', isRetryable: true })),
  )
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventCode, EventFields } from '../../src/events/catalogue.js'
import { makeRecord, type EventRecord } from '../../src/events/journal/record.js'
import {
  isNotifiable,
  notificationOf,
  type Notification,
  type OpenProblems,
} from '../../src/notify/notification.js'

test('a failover, the holds that follow and the recovery are told, in this order and once each', () => {
  const notifications = notificationsOf([
    happened('master.changed', failover(2)),
    happened('flotilla.held', hold('CrashLooping')),
    happened('flotilla.ready', ready),
  ])
  assert.deepEqual(
    notifications.map(({ kind, summary }) => `${kind}: ${summary}`),
    [
      'failover: shop: node 1 is master instead of node 0 (epoch 2): it has ended',
      'hold: shop: CrashLooping: it ends again and again. Fix: flotilla restart shop --node 0',
      'recovery: shop: shop-master and 2 replicas are as the manifest asks',
    ],
  )
})

test('a hold that comes and goes is told once until the flotilla is well again', () => {
  const again = happened('flotilla.held', hold('UnexpectedMaster'))
  const kinds = notificationsOf([again, again, again, happened('flotilla.ready', ready), again]).map(
    notification => notification.kind,
  )
  assert.deepEqual(kinds, ['hold', 'recovery', 'hold'])
})

test('that a flotilla is well is no news where nothing was told before', () => {
  assert.deepEqual(notificationsOf([happened('flotilla.ready', ready)]), [])
})

test('a switchover, which somebody asked for, is no news', () => {
  assert.deepEqual(
    notificationsOf([
      happened('master.changed', { ...failover(2), kind: 'switchover' }),
      happened('flotilla.ready', ready),
    ]),
    [],
  )
})

test('the trouble of one flotilla says nothing of another', () => {
  const notifications = notificationsOf([
    happened('master.changed', failover(2), 'shop'),
    happened('flotilla.ready', ready, 'cart'),
    happened('flotilla.removed', { volumesKept: true }, 'shop'),
    happened('flotilla.ready', ready, 'shop'),
  ])
  assert.deepEqual(
    notifications.map(notification => `${notification.kind} ${notification.flotilla}`),
    ['failover shop'],
  )
})

test('lost data is told each time', () => {
  const lost = happened('data.lost', { lastKnownKeys: 12, reason: 'the volume is gone' })
  assert.deepEqual(
    notificationsOf([lost, lost]).map(notification => notification.summary),
    Array(2).fill('shop: 12 keys that were there are gone: the volume is gone'),
  )
})

test('a notice has the facts of its event, and an id of its own', () => {
  const [first, second] = notificationsOf([
    happened('master.changed', failover(2)),
    happened('master.changed', failover(3)),
  ])
  assert.deepEqual(first?.facts, failover(2))
  assert.notEqual(first?.id, second?.id)
})

let nextId = 1

function happened<Code extends EventCode>(
  code: Code,
  fields: EventFields<Code>,
  flotilla = 'shop',
): (id: number) => EventRecord {
  return id => makeRecord({ id, atMs: Date.UTC(2026, 10, 23) + id }, code, fields, { flotilla })
}

/** As a messenger reads them. */
function notificationsOf(events: readonly ((id: number) => EventRecord)[]): readonly Notification[] {
  let open: OpenProblems = {}
  return events.flatMap(event => {
    const record = event(nextId++)
    assert.ok(isNotifiable(record))
    const read = notificationOf(record, open)
    open = read.open
    return read.notification ?? []
  })
}

function failover(epoch: number): EventFields<'master.changed'> {
  return { from: 0, to: 1, epoch, kind: 'failover', reason: 'it has ended' }
}

function hold(code: string): EventFields<'flotilla.held'> {
  return { hold: code, reason: 'it ends again and again', remedy: 'flotilla restart shop --node 0' }
}

const ready: EventFields<'flotilla.ready'> = { master: 'shop-master', replicas: 2, generation: 1, epoch: 2 }

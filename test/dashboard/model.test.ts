import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SseReader } from '../../src/dashboard/api/sse-reader.js'
import { linePath, scaleOf, timeWindow } from '../../src/dashboard/model/chart.js'
import {
  emptyFleet,
  reduce,
  effectiveConnection,
  type Fleet,
  type Message,
} from '../../src/dashboard/model/fleet-state.js'
import { conditionsToShow, isProblem, problemText, sortRank } from '../../src/dashboard/model/severity.js'
import { layoutTopology, type Box } from '../../src/dashboard/model/layout.js'
import { phaseSpansOf } from '../../src/dashboard/model/phase-spans.js'
import type { Condition, Daemon } from '../../src/dashboard/model/api-types.js'
import { remedySteps } from '../../src/dashboard/model/remedy-steps.js'
import type { EventRecord } from '../../src/events/journal/record.js'
import { flotillaOf } from '../../src/http/routes/flotillas.js'
import { eventRecord, snapshotOf } from '../http/support/fake-control-api.js'
import { stopped, settledNodes } from '../reconciler/support/world.js'

const shop = flotillaOf(snapshotOf(), false)

function daemon(overrides: Partial<Daemon> = {}): Daemon {
  const plain = { version: '1', startedAt: '', manifests: '/m', ready: true, checks: [] }
  return { ...plain, flotillas: ['shop'], ...overrides }
}

function after(...messages: readonly Message[]): Fleet {
  return messages.reduce(reduce, emptyFleet)
}

describe('what the page knows', () => {
  test('stays while the daemon is away, with the moment since when it is', () => {
    const away = after(
      { kind: 'flotilla', flotilla: shop },
      { kind: 'disconnected', atMs: 5, reason: 'gone' },
      { kind: 'disconnected', atMs: 9, reason: 'still gone' },
    )
    assert.deepEqual(away.connection, { kind: 'disconnected', sinceMs: 5, reason: 'gone' })
    assert.equal(away.flotillas.size, 1)
    assert.deepEqual(reduce(away, { kind: 'connected', skewMs: 0 }).connection, { kind: 'live' })
  })

  test('is of its last look while the engine does not answer the daemon, however well the daemon is heard', () => {
    const engine = (error: string | null): Message => ({
      kind: 'daemon',
      daemon: daemon({ checks: [{ name: 'engine', error }] }),
    })
    const heard = after({ kind: 'connected', skewMs: 0 }, { kind: 'flotilla', flotilla: shop })
    const engineDown = reduce(heard, engine('no answer'))
    const sinceMs = Date.parse(shop.observedAt)
    assert.deepEqual(effectiveConnection(engineDown), { kind: 'engine-down', sinceMs, reason: 'no answer' })
    assert.deepEqual(effectiveConnection(reduce(engineDown, engine(null))), { kind: 'live' })
    const disconnected = reduce(engineDown, { kind: 'disconnected', atMs: 5, reason: 'gone' })
    assert.equal(effectiveConnection(disconnected).kind, 'disconnected')
  })

  test('outlives a daemon that has just been started and knows of nothing yet, and not one that keeps it no more', () => {
    const known = after({ kind: 'flotilla', flotilla: shop })
    const started = daemon({
      flotillas: [],
      checks: [{ name: 'manifests', error: 'they were not read yet' }],
    })
    assert.equal(reduce(known, { kind: 'daemon', daemon: started }).flotillas.size, 1)
    assert.equal(reduce(known, { kind: 'daemon', daemon: daemon({ flotillas: [] }) }).flotillas.size, 0)
    assert.equal(reduce(known, { kind: 'gone', name: 'shop' }).flotillas.size, 0)
  })

  test('has each event once and in order, is bounded, and takes a journal that was begun again', () => {
    const records = Array.from({ length: 600 }, (_, index) => eventRecord(index + 1))
    const told = after({ kind: 'records', records }, { kind: 'records', records: records.slice(590) })
    assert.equal(told.events.length, 500)
    assert.equal(told.events.at(-1)?.id, 600)
    const again = eventRecord(1, { time: '2027-01-01T00:00:00.000Z' })
    assert.equal(reduce(told, { kind: 'records', records: [again] }).events.at(-1), again)
  })
})

describe('what is told as trouble', () => {
  const condition = (type: string, status: Condition['status']): Condition =>
    ({ ...shop.conditions[0], type, status, message: `about ${type}` }) as Condition

  test('follows from the name of a condition, also of one that this page has never heard of', () => {
    assert.equal(isProblem(condition('ConfigApplied', 'True')), false)
    assert.equal(isProblem(condition('ConfigApplied', 'False')), true)
    assert.equal(isProblem(condition('RolloutBlocked', 'True')), true)
    assert.equal(isProblem(condition('RolloutBlocked', 'False')), false)
    assert.equal(isProblem(condition('MasterAvailable', 'Unknown')), true)
  })

  test('is said once: not beside the phase, its reason, or the hold that says it', () => {
    assert.deepEqual(conditionsToShow(shop), [])
    const held = {
      ...shop,
      reason: 'about MasterAvailable',
      conditions: [
        condition('Ready', 'False'),
        condition('NameConflict', 'True'),
        condition('MasterAvailable', 'False'),
      ],
      refusing: [{ code: 'NameConflict', reason: '', remedy: '' }],
    }
    assert.deepEqual(conditionsToShow(held), [])
    const twice = {
      ...shop,
      conditions: shop.conditions.map(one => ({
        ...one,
        ...(/Healthy|Degraded/.test(one.type)
          ? {
              status: one.type === 'Degraded' ? ('True' as const) : ('False' as const),
              message: 'node 2 is gone',
            }
          : {}),
      })),
    }
    assert.deepEqual(conditionsToShow(twice).map(problemText), ['Degraded'])
    assert.equal(problemText(condition('MasterAvailable', 'False')), 'not MasterAvailable')
  })

  test('comes first in the overview', () => {
    const degraded = flotillaOf(snapshotOf({ nodes: [...settledNodes(1), stopped(2)] }), false)
    assert.ok(sortRank(degraded) < sortRank(shop))
  })
})

describe('the picture', () => {
  const overlap = (a: Box, b: Box): boolean =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

  for (const width of [300, 362, 559, 560, 840, 1300])
    for (const count of [0, 1, 2, 6, 7, 13, 50, 200])
      test(`of ${count} replicas in ${width} pixels: every node inside, none on another, a link to each`, () => {
        const replicas = Array.from({ length: count }, (_, index) => index + 1)
        const layout = layoutTopology(width, replicas)
        const boxes = [layout.master, ...layout.replicas]
        assert.deepEqual(
          boxes.filter(
            box =>
              box.x < 0 ||
              box.y < 0 ||
              box.x + box.width > width + 0.5 ||
              box.y + box.height > layout.height + 0.5,
          ),
          [],
        )
        assert.ok(boxes.every((box, index) => boxes.slice(index + 1).every(other => !overlap(box, other))))
        assert.deepEqual(
          layout.links.map(({ ordinal }) => ordinal),
          replicas,
        )
        assert.ok(layout.links.every(({ path }) => !path.includes('NaN')))
      })
})

describe('lines over time', () => {
  const window = { fromMs: 0, toMs: 1_000 }
  const frame = { window, scale: { min: 0, max: 10 }, width: 100, height: 50 }

  test('a gap is no line, and a value alone is a dot', () => {
    const values = [1, 2, null, 5, null, null]
    const points = values.map((value, index) => ({ atMs: index * 200, value }))
    assert.equal(linePath(points, frame), 'M0.0 45.0L20.0 40.0M60.0 25.0h0')
  })

  test('the scale ends at a round number, of bytes in their own units', () => {
    assert.deepEqual(scaleOf([17, 3], { base: 1000, fromZero: true }), { min: 0, max: 20 })
    assert.deepEqual(scaleOf([1_500], { base: 1024, fromZero: true }), { min: 0, max: 1_536 })
    assert.deepEqual(scaleOf([0, 0], { base: 1024, fromZero: true }), { min: 0, max: 1 })
    assert.deepEqual(scaleOf([700, 900], { base: 1024, fromZero: false }), { min: 700, max: 900 })
  })

  test('what is young is shown in minutes instead of an hour', () => {
    const now = 10_000_000
    const minutesFor = (ageMs: number): number => (now - timeWindow(now - ageMs, now).fromMs) / 60_000
    assert.deepEqual([60_000, 700_000, 3_000_000, 9_000_000].map(minutesFor), [10, 30, 60, 60])
  })

  test('the phases of an hour follow from the changes that the journal tells of', () => {
    const change = (atMs: number, from: string, to: string, flotilla = 'shop') =>
      eventRecord(atMs, {
        event: 'flotilla.phase',
        time: new Date(atMs).toISOString(),
        flotilla,
        fields: { from, to },
      })
    const events = [
      change(-50, 'Creating', 'Ready'),
      change(400, 'Ready', 'Unavailable'),
      change(450, 'Ready', 'Held', 'cart'),
      change(600, 'Unavailable', 'Ready'),
    ]
    assert.deepEqual(told(events), ['Ready 0-400', 'Unavailable 400-600', 'Ready 600-1000'])
  })

  test('what nobody can know is no phase: before the journal, before the flotilla, without a daemon, without an engine', () => {
    const at = (atMs: number, code: string, fields: Record<string, string | null> = {}) =>
      eventRecord(atMs, {
        event: code,
        time: new Date(atMs).toISOString(),
        flotilla: code === 'flotilla.phase' ? 'shop' : null,
        fields,
      })
    const born = at(600, 'flotilla.phase', { from: null, to: 'Ready' })
    assert.deepEqual(told([]), ['null 0-1000'])
    assert.deepEqual(told([at(300, 'daemon.started')]), ['null 0-300', 'Ready 300-1000'])
    assert.deepEqual(told([at(-50, 'daemon.started'), born]), ['null 0-600', 'Ready 600-1000'])
    const known = at(-50, 'flotilla.phase', { from: null, to: 'Ready' })
    assert.deepEqual(told([known, at(200, 'daemon.stopped'), at(500, 'daemon.started')]), [
      ...['Ready 0-200', 'null 200-500', 'Ready 500-1000'],
    ])
    assert.deepEqual(told([known, at(200, 'node.online'), at(500, 'daemon.started')]), [
      ...['Ready 0-200', 'null 200-500', 'Ready 500-1000'],
    ])
    assert.deepEqual(told([known, at(700, 'engine.unreachable'), at(800, 'engine.recovered')]), [
      ...['Ready 0-700', 'null 700-800', 'Ready 800-1000'],
    ])
    assert.deepEqual(told([known, at(700, 'engine.unreachable')]), ['Ready 0-700', 'null 700-1000'])
  })

  function told(events: readonly EventRecord[]): readonly string[] {
    return phaseSpansOf(events, { flotilla: 'shop', now: 'Ready', window }).map(
      ({ phase, fromMs, toMs }) => `${phase} ${fromMs}-${toMs}`,
    )
  }
})

test('server-sent events are read whole, however they are cut on their way', () => {
  const text = 'retry: 1000\n\nid: 7\ndata: {"a":1}\n\n: still here\n\nevent: gone\ndata: {}\n\n'
  for (let size = 1; size < text.length; size += 3) {
    const reader = new SseReader()
    const found = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      reader.reduce(text.slice(index * size, (index + 1) * size)),
    ).flat()
    assert.deepEqual(found, [
      { event: 'message', id: '7', data: '{"a":1}' },
      { event: 'gone', id: null, data: '{}' },
    ])
  }
})

test('what is copied can be run: ways out are taken apart, and explanations stand beside', () => {
  assert.deepEqual(remedySteps('docker rename a a-old, or docker rm -f a'), [
    { command: 'docker rename a a-old', note: null },
    { command: 'docker rm -f a', note: null },
  ])
  assert.deepEqual(remedySteps('flotilla failover shop --to 1 --force   (what that node lacks is lost)'), [
    { command: 'flotilla failover shop --to 1 --force', note: 'what that node lacks is lost' },
  ])
  assert.deepEqual(
    remedySteps('docker volume rm v (after saving), or give the flotilla another metadata.name'),
    [
      { command: 'docker volume rm v', note: 'after saving' },
      { command: null, note: 'give the flotilla another metadata.name' },
    ],
  )
})

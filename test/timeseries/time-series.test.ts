import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TimeSeries, stepMs, stepsKept, type NodeReading } from '../../src/timeseries/time-series.js'

const startMs = Date.UTC(2026, 10, 23, 12)

function reading(ordinal: number, overrides: Partial<NodeReading> = {}): NodeReading {
  return { ordinal, lagBytes: 0, opsPerSecond: 10, memoryBytes: 1_000, offset: 500, ...overrides }
}

test('each step of ten seconds has the last that was measured in it, and the worst lag', () => {
  const series = new TimeSeries()
  series.record('shop', startMs, [reading(1, { lagBytes: 900, offset: 1 })])
  series.record('shop', startMs + 5_000, [reading(1, { lagBytes: 3, offset: 2 })])
  series.record('shop', startMs + stepMs, [reading(1, { lagBytes: 4, offset: 3 })])
  const { startsAt, stepSeconds, nodes } = series.of('shop', startMs + stepMs)
  assert.equal(startsAt, new Date(startMs).toISOString())
  assert.equal(stepSeconds, 10)
  assert.deepEqual(nodes, [
    { ordinal: 1, lagBytes: [900, 4], opsPerSecond: [10, 10], memoryBytes: [1_000, 1_000], offset: [2, 3] },
  ])
})

test('where nobody looked, or a node told nothing, there is a gap and no invented value', () => {
  const series = new TimeSeries()
  series.record('shop', startMs, [reading(0, { lagBytes: null }), reading(1)])
  series.record('shop', startMs + 3 * stepMs, [reading(0, { lagBytes: null })])
  const { nodes } = series.of('shop', startMs + 4 * stepMs)
  assert.deepEqual(
    nodes.map(({ ordinal, opsPerSecond, lagBytes }) => ({ ordinal, opsPerSecond, lagBytes })),
    [
      { ordinal: 0, opsPerSecond: [10, null, null, 10, null], lagBytes: [null, null, null, null, null] },
      { ordinal: 1, opsPerSecond: [10, null, null, null, null], lagBytes: [0, null, null, null, null] },
    ],
  )
})

test('an hour is kept and no more, and what is older never shows up again in its place', () => {
  const series = new TimeSeries()
  for (let step = 0; step < stepsKept + 50; step++)
    if (step < 100 || step > stepsKept)
      series.record('shop', startMs + step * stepMs, [reading(0, { offset: step })])
  const { nodes, startsAt } = series.of('shop', startMs + (stepsKept + 49) * stepMs)
  const offsets = nodes[0]?.offset ?? []
  assert.equal(startsAt, new Date(startMs + 50 * stepMs).toISOString())
  assert.equal(offsets.length, stepsKept)
  assert.deepEqual(
    offsets.flatMap(offset => offset ?? []),
    [...range(50, 100), ...range(stepsKept + 1, stepsKept + 50)],
  )
})

test('memory is bounded: a node that finds no room has no lines until another is gone for a minute', () => {
  const series = new TimeSeries({ nodesMax: 2 })
  const ordinalsAt = (atMs: number) => series.of('shop', atMs).nodes.map(({ ordinal }) => ordinal)
  series.record('shop', startMs, [reading(0), reading(1), reading(2)])
  assert.deepEqual(ordinalsAt(startMs), [0, 1])
  series.record('shop', startMs + 8 * stepMs, [reading(0), reading(2)])
  series.record('shop', startMs + 9 * stepMs, [reading(0), reading(2)])
  assert.deepEqual(ordinalsAt(startMs + 9 * stepMs), [0, 2])
  series.forget('shop')
  series.record('cart', startMs, [reading(0), reading(1)])
  assert.equal(series.of('cart', startMs).nodes.length, 2)
})

test('a page that takes over what the daemon has kept tells the same', () => {
  const daemon = new TimeSeries()
  for (const step of [0, 1, 2, 7])
    daemon.record('shop', startMs + step * stepMs, [reading(0), reading(3, { offset: step })])
  const kept = daemon.of('shop', startMs + 7 * stepMs)
  const page = new TimeSeries()
  page.record('shop', startMs, [reading(9)])
  page.load(JSON.parse(JSON.stringify(kept)) as typeof kept)
  assert.deepEqual(page.of('shop', startMs + 7 * stepMs), kept)
})

test('of a flotilla that nobody has looked at there are no lines', () => {
  assert.deepEqual(new TimeSeries().of('shop', startMs).nodes, [])
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

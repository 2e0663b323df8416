import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outlet } from '../../src/events/log-outlet.js'
import { LogWriter } from '../../src/events/log-writer.js'
import { manualClock } from '../reconciler/support/manual-clock.js'

/** An outlet that takes as many bytes as it has room for, and then says what a real one does. */
class FakeOutlet implements Outlet {
  written = ''
  room = Number.POSITIVE_INFINITY
  code = 'EAGAIN'
  /** Whether it answers later, as a file does. */
  later = false
  pending: (() => void)[] = []

  write(bytes: Buffer, done: (error: Error | null, taken: number) => void): void {
    const answer = (): void => {
      const taken = this.#take(bytes)
      if (taken === 0) done(Object.assign(new Error(`${this.code}: it says no`), { code: this.code }), 0)
      else done(null, taken)
    }
    if (this.later) this.pending.push(answer)
    else answer()
  }

  writeNow(bytes: Buffer): number {
    const taken = this.#take(bytes)
    if (taken === 0) throw new Error('full')
    return taken
  }

  answerAll(): void {
    while (this.pending.length > 0) this.pending.shift()?.()
  }

  #take(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.room)
    this.room -= taken
    this.written += bytes.subarray(0, taken).toString()
    return taken
  }
}

function setUp({ bytesMax = 100 } = {}) {
  const outlet = new FakeOutlet()
  const clock = manualClock()
  const writer = new LogWriter(outlet, { clock, bytesMax })
  const told: string[] = []
  writer.tellTrouble({
    onBlocked: reason => told.push(`blocked: ${reason}`),
    onResumed: ({ droppedLines, blockedMs }) => {
      told.push(`resumed: ${droppedLines} dropped in ${blockedMs} ms`)
      writer.write('gap\n')
    },
  })
  return { outlet, clock, writer, told }
}

test('a line is written before the call returns, while its reader reads', () => {
  const { outlet, writer } = setUp()
  writer.write('one\n')
  assert.equal(outlet.written, 'one\n')
})

test('a reader that is behind for a moment gets every line whole and in order, and nothing is said of it', () => {
  const { outlet, clock, writer, told } = setUp()
  outlet.room = 6
  for (const line of ['one\n', 'two\n', 'three\n']) writer.write(line)
  assert.equal(outlet.written, 'one\ntw')
  outlet.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  assert.equal(outlet.written, 'one\ntwo\nthree\n')
  assert.deepEqual(told, [])
})

test('beyond its bound lines are dropped and counted, and missing in one place, where that is told', () => {
  const { outlet, clock, writer, told } = setUp({ bytesMax: 9 })
  outlet.room = 0
  for (const line of ['one\n', 'two\n', 'three\n', 'a\n', 'five\n']) writer.write(line)
  assert.deepEqual(told, ['blocked: its reader takes no more'])
  // Small enough to be kept, but later than one that was not.
  outlet.room = 4
  clock.advance(60)
  writer.write('b\n')
  outlet.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  writer.write('six\n')
  assert.equal(outlet.written, 'one\ntwo\ngap\nsix\n')
  assert.match(told[1] ?? '', /^resumed: 4 dropped/)
  assert.equal(writer.droppedLines, 4)
})

test('a reader that reads nothing for seconds is told of, though nothing is dropped yet', () => {
  const { outlet, clock, writer, told } = setUp()
  outlet.room = 0
  writer.write('one\n')
  clock.advance(4_000)
  assert.deepEqual(told, [])
  clock.advance(2_000)
  assert.deepEqual(told, ['blocked: its reader takes no more'])
  outlet.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  assert.match(told[1] ?? '', /^resumed: 0 dropped/)
})

test('a disk that is full is told of at once, and what was kept is written when there is space again', () => {
  const { outlet, clock, writer, told } = setUp()
  Object.assign(outlet, { room: 0, code: 'ENOSPC', later: true })
  writer.write('one\n')
  outlet.answerAll()
  assert.deepEqual(told, ['blocked: ENOSPC: it says no'])
  writer.write('two\n')
  outlet.room = Number.POSITIVE_INFINITY
  clock.advance(1_000)
  outlet.answerAll()
  assert.equal(outlet.written, 'one\ntwo\ngap\n')
})

test('a process that ends writes what it can and what a file is not busy with already, once', () => {
  const { outlet, writer } = setUp()
  outlet.later = true
  writer.write('one\n')
  writer.write('two\n')
  writer.flushNow()
  // What the thread pool has begun it brings to its end.
  outlet.pending.shift()?.()
  assert.deepEqual(outlet.written.split('\n').sort(), ['', 'one', 'two'])
})

test('the end waits for a slow reader, and not for one that never reads', async () => {
  const { outlet, clock, writer } = setUp()
  outlet.room = 0
  writer.write('one\n')
  await writer.end(20)
  assert.equal(outlet.written, '')
  const ended = writer.end(60_000)
  outlet.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  await ended
  assert.equal(outlet.written, 'one\n')
})

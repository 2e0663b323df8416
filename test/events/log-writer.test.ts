import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogDestination } from '../../src/events/log-destination.js'
import { LogWriter } from '../../src/events/log-writer.js'
import { manualClock } from '../reconciler/support/manual-clock.js'

/** An outlet that takes as many bytes as it has room for, and then says what a real one does. */
class FakeLogDestination implements LogDestination {
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
  const destination = new FakeLogDestination()
  const clock = manualClock()
  const writer = new LogWriter(destination, { clock, bytesMax })
  const told: string[] = []
  writer.setListener({
    onBlocked: reason => told.push(`blocked: ${reason}`),
    onResumed: ({ droppedLines, blockedMs }) => {
      told.push(`resumed: ${droppedLines} dropped in ${blockedMs} ms`)
      writer.write('gap\n')
    },
  })
  return { destination, clock, writer, told }
}

test('a line is written before the call returns, while its reader reads', () => {
  const { destination, writer } = setUp()
  writer.write('one\n')
  assert.equal(destination.written, 'one\n')
})

test('a reader that is behind for a moment gets every line whole and in order, and nothing is said of it', () => {
  const { destination, clock, writer, told } = setUp()
  destination.room = 6
  for (const line of ['one\n', 'two\n', 'three\n']) writer.write(line)
  assert.equal(destination.written, 'one\ntw')
  destination.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  assert.equal(destination.written, 'one\ntwo\nthree\n')
  assert.deepEqual(told, [])
})

test('beyond its bound lines are dropped and counted, and missing in one place, where that is told', () => {
  const { destination, clock, writer, told } = setUp({ bytesMax: 9 })
  destination.room = 0
  for (const line of ['one\n', 'two\n', 'three\n', 'a\n', 'five\n']) writer.write(line)
  assert.deepEqual(told, ['blocked: its reader takes no more'])
  // Small enough to be kept, but later than one that was not.
  destination.room = 4
  clock.advance(60)
  writer.write('b\n')
  destination.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  writer.write('six\n')
  assert.equal(destination.written, 'one\ntwo\ngap\nsix\n')
  assert.match(told[1] ?? '', /^resumed: 4 dropped/)
  assert.equal(writer.droppedLines, 4)
})

test('a reader that reads nothing for seconds is told of, though nothing is dropped yet', () => {
  const { destination, clock, writer, told } = setUp()
  destination.room = 0
  writer.write('one\n')
  clock.advance(4_000)
  assert.deepEqual(told, [])
  clock.advance(2_000)
  assert.deepEqual(told, ['blocked: its reader takes no more'])
  destination.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  assert.match(told[1] ?? '', /^resumed: 0 dropped/)
})

test('a disk that is full is told of at once, and what was kept is written when there is space again', () => {
  const { destination, clock, writer, told } = setUp()
  Object.assign(destination, { room: 0, code: 'ENOSPC', later: true })
  writer.write('one\n')
  destination.answerAll()
  assert.deepEqual(told, ['blocked: ENOSPC: it says no'])
  writer.write('two\n')
  destination.room = Number.POSITIVE_INFINITY
  clock.advance(1_000)
  destination.answerAll()
  assert.equal(destination.written, 'one\ntwo\ngap\n')
})

test('a process that ends writes what it can and what a file is not busy with already, once', () => {
  const { destination, writer } = setUp()
  destination.later = true
  writer.write('one\n')
  writer.write('two\n')
  writer.flushNow()
  // What the thread pool has begun it brings to its end.
  destination.pending.shift()?.()
  assert.deepEqual(destination.written.split('\n').sort(), ['', 'one', 'two'])
})

test('the end waits for a slow reader, and not for one that never reads', async () => {
  const { destination, clock, writer } = setUp()
  destination.room = 0
  writer.write('one\n')
  await writer.end(20)
  assert.equal(destination.written, '')
  const ended = writer.end(60_000)
  destination.room = Number.POSITIVE_INFINITY
  clock.advance(100)
  await ended
  assert.equal(destination.written, 'one\n')
})

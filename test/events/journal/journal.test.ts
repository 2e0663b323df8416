import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { silentSink } from '../../../src/events/silent-sink.js'
import { eventFilter } from '../../../src/events/journal/filter.js'
import { openJournal, type Journal, type JournalOptions } from '../../../src/events/journal/journal.js'
import { followEvents, newestEventId, readEvents, readEventsAfter } from '../../../src/events/journal/read.js'
import type { EventRecord } from '../../../src/events/journal/record.js'
import { until } from '../../support/until.js'
import { manualClock } from '../../reconciler/support/manual-clock.js'

describe('the journal of events', () => {
  test('what is published can be read again, with ids that count up from 1', async t => {
    const { state, journal } = openIn(t)
    journal.publish(
      'node.address-changed',
      { node: 1, name: 'shop-1', from: 'a', to: 'b' },
      { flotilla: 'shop', pass: 'p' },
    )
    journal.publish('daemon.stopped', {})
    assert.deepEqual(await readEvents(state), [
      {
        id: 1,
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        event: 'node.address-changed',
        msg: 'node has a new address',
        flotilla: 'shop',
        pass: 'p',
        fields: { node: 1, name: 'shop-1', from: 'a', to: 'b' },
      },
      {
        id: 2,
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        event: 'daemon.stopped',
        msg: 'daemon stopped',
        flotilla: null,
        pass: null,
        fields: {},
      },
    ])
  })

  test('events of level debug go past it, and beside it', async t => {
    const forwardTo: string[] = []
    const { state, journal } = openIn(t, { forwardTo: { publish: code => void forwardTo.push(code) } })
    journal.publish('action.done', { action: 'a', kind: 'apply-config', node: 1, cause: 'b', tookMs: 1 })
    assert.deepEqual(await readEvents(state), [])
    assert.deepEqual(forwardTo, ['action.done'])
  })

  test('ids go on after a restart', async t => {
    const { state, journal, reopen } = openIn(t)
    publish(journal, 3)
    publish(reopen(), 2)
    assert.deepEqual(ids(await readEvents(state)), [1, 2, 3, 4, 5])
  })

  test('half a line, left by a crash, is passed over, and the next one is whole', async t => {
    const { state, journal, reopen, folder } = openIn(t)
    publish(journal, 2)
    appendFileSync(join(folder, '000000000001.jsonl'), '{"id":3,"time":"1970')
    assert.deepEqual(ids(await readEvents(state)), [1, 2])
    publish(reopen(), 1)
    assert.deepEqual(ids(await readEvents(state)), [1, 2, 3])
  })

  test('a file of rubbish ends nothing', async t => {
    const { state, journal, reopen, folder } = openIn(t)
    publish(journal, 2)
    writeFileSync(join(folder, '000000000003.jsonl'), '\u0000\u0000\n[]\n"x"\nnull\n{"id":"7"}')
    publish(reopen(), 1)
    assert.deepEqual(ids(await readEvents(state)), [1, 2, 3])
  })

  test('it keeps so many files of so many bytes, the newest', async t => {
    const { state, journal, folder } = openIn(t, { segmentBytesMax: 400, segmentsMax: 3 })
    publish(journal, 40)
    const files = readdirSync(folder)
    // The three, and what is condensed of all before them: here nothing.
    assert.equal(files.length, 4)
    for (const file of files) assert.ok(statSync(join(folder, file)).size < 600)
    const kept = ids(await readEvents(state))
    assert.equal(kept.at(-1), 40)
    assert.deepEqual(kept, range(kept[0] ?? 0, 40))
  })

  test('what matters is kept when what repeats has pushed everything else out, in one order, each once', async t => {
    const { state, journal, folder } = openIn(t, { segmentBytesMax: 400, segmentsMax: 3 })
    for (let nth = 0; nth < 10; nth++) {
      journal.publish('data.lost', { lastKnownKeys: 1, reason: `${nth}` })
      publish(journal, 9)
    }
    const matters = (record: EventRecord): boolean => record.event === 'data.lost'
    const every = range(0, 9).map(nth => nth * 10 + 1)
    assert.deepEqual(ids(await readEvents(state, { matches: matters })), every)
    assert.deepEqual(ids(await readEvents(state, { matches: matters, afterId: 30 })), every.slice(3))
    const streamed: EventRecord[] = []
    for await (const piece of readEventsAfter(state, 30)) streamed.push(...piece)
    assert.deepEqual(ids(streamed), ids(await readEvents(state, { afterId: 30 })))
    assert.deepEqual(ids(streamed.filter(matters)), every.slice(3))
    assert.equal(readdirSync(folder).length, 4)
    assert.equal(statSync(join(folder, '000000000001.jsonl')).mode & 0o077, 0)
  })

  test('of what matters too the oldest goes when there is too much', async t => {
    const bounds = { segmentBytesMax: 400, segmentsMax: 1, compactedBytesMax: 1_000 }
    const { state, journal, folder } = openIn(t, bounds)
    for (let nth = 0; nth < 40; nth++) journal.publish('data.lost', { lastKnownKeys: 1, reason: `${nth}` })
    const kept = ids(await readEvents(state))
    assert.deepEqual(kept, range(kept[0] ?? 0, 40))
    assert.ok(statSync(join(folder, '000000000001.jsonl')).size <= 1_000)
  })

  test('who is killed while the oldest files are condensed tells nothing twice', async t => {
    const { state, journal, folder, reopen } = openIn(t, { segmentBytesMax: 1, segmentsMax: 2 })
    for (let nth = 0; nth < 3; nth++) journal.publish('data.lost', { lastKnownKeys: 1, reason: `${nth}` })
    // Condensed already, and the second file not removed yet.
    const [first, second] = readdirSync(folder)
      .sort()
      .map(name => join(folder, name))
    appendFileSync(first ?? '', readFileSync(second ?? ''))
    assert.deepEqual(ids(await readEvents(state)), [1, 2, 3])
    reopen().publish('data.lost', { lastKnownKeys: 1, reason: '3' })
    assert.deepEqual(ids(await readEvents(state)), [1, 2, 3, 4])
  })

  test('a restart goes on in the newest file, and ids outlive those that were removed', async t => {
    const { state, journal, reopen } = openIn(t, { segmentBytesMax: 1, segmentsMax: 1 })
    publish(journal, 5)
    publish(reopen(), 1)
    assert.deepEqual(ids(await readEvents(state)), [6])
  })

  test('only its owner can read it', t => {
    const { journal, folder } = openIn(t)
    publish(journal, 1)
    assert.equal(statSync(join(folder, '000000000001.jsonl')).mode & 0o077, 0)
  })

  test('a disk that takes nothing is told of once, stops nothing, and is written to again when it does', async t => {
    const told: string[] = []
    const forwardTo = { publish: (code: string) => void told.push(code) }
    const { state, journal, folder } = openIn(t, { forwardTo, segmentBytesMax: 1 })
    publish(journal, 1)
    rmSync(folder, { recursive: true })
    // Where the folder was nothing can be made.
    writeFileSync(folder, '')
    publish(journal, 2)
    assert.deepEqual(told.slice(1), ['plan.done', 'journal.unwritable', 'plan.done'])
    rmSync(folder)
    publish(journal, 1)
    assert.deepEqual(ids(await readEvents(state)), [4])
  })

  test('who listens hears of each event once, with its id', t => {
    const { journal } = openIn(t)
    const heard: number[] = []
    const stop = journal.onRecord(({ id }) => heard.push(id))
    publish(journal, 2)
    stop()
    publish(journal, 1)
    assert.deepEqual(heard, [1, 2])
  })

  test('a line has what the log’s has, and the id', t => {
    const { journal, folder } = openIn(t)
    journal.publish('flotilla.released', { hold: 'NameConflict' }, { flotilla: 'shop' })
    assert.deepEqual(JSON.parse(readFileSync(join(folder, '000000000001.jsonl'), 'utf8')), {
      id: 1,
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      event: 'flotilla.released',
      msg: 'hold released',
      flotilla: 'shop',
      hold: 'NameConflict',
    })
  })
})

describe('reading the journal', () => {
  test('after an id, since a moment, the last so many', async t => {
    const { state, journal, clock } = openIn(t, { segmentBytesMax: 300 })
    for (let second = 0; second < 20; second++) {
      publish(journal, 1)
      clock.advance(1_000)
    }
    assert.deepEqual(ids(await readEvents(state, { afterId: 17 })), [18, 19, 20])
    assert.deepEqual(ids(await readEvents(state, { sinceMs: 17_000 })), [18, 19, 20])
    assert.deepEqual(ids(await readEvents(state, { last: 2 })), [19, 20])
    assert.deepEqual(ids(await readEvents(state, { last: 2, matches: ({ id }) => id % 10 === 0 })), [10, 20])
    assert.equal(await newestEventId(state), 20)
  })

  test('there is nothing where nothing was ever written', async t => {
    const state = folderOf(t)
    assert.deepEqual(await readEvents(state), [])
    assert.equal(await newestEventId(state), 0)
  })

  test('following gives what is there, then what comes, over rotations and restarts, each once', async t => {
    const { state, journal, reopen } = openIn(t, { segmentBytesMax: 300 })
    publish(journal, 7)
    const ending = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { id } of followEvents(state, {
        afterId: 2,
        clock: systemClock,
        signal: ending.signal,
      }))
        seen.push(id)
    })()
    await until('the events that are there', 10_000, () => seen.length === 5)
    publish(journal, 6)
    await until('the events that came', 10_000, () => seen.length === 11)
    publish(reopen(), 3)
    await until('the events after a restart', 10_000, () => seen.length === 14)
    ending.abort()
    await following
    assert.deepEqual(seen, range(3, 16))
  })

  test('following begins before anything was written', async t => {
    const state = folderOf(t)
    const ending = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { id } of followEvents(state, {
        afterId: 0,
        clock: systemClock,
        signal: ending.signal,
      }))
        seen.push(id)
    })()
    const journal = openJournal(state, { clock: systemClock, forwardTo: silentSink })
    t.after(() => journal.close())
    publish(journal, 2)
    await until('both', 10_000, () => seen.length === 2)
    ending.abort()
    await following
  })
})

describe('filters', () => {
  const none = { flotillas: [], level: 'debug', codes: [] } as const
  const record = { level: 'warn', event: 'node.offline', flotilla: 'shop' } as EventRecord

  for (const [title, filter, fits] of [
    ['nothing asked, everything fits', none, true],
    ['a level lets graver ones through', { ...none, level: 'info' }, true],
    ['a level keeps lighter ones out', { ...none, level: 'error' }, false],
    ['a code fits itself', { ...none, codes: ['node.offline'] }, true],
    ['a code does not fit the start of another', { ...none, codes: ['node.off'] }, false],
    ['a dot is a dot', { ...none, codes: ['node-offline'] }, false],
    ['a star stands for anything', { ...none, codes: ['flotilla.*', 'node.*'] }, true],
    ['a flotilla fits itself', { ...none, flotillas: ['cart', 'shop'] }, true],
    ['a flotilla does not fit another', { ...none, flotillas: ['cart'] }, false],
  ] as const)
    test(title, () => assert.equal(eventFilter(filter)(record), fits))

  test('what is of no flotilla fits none that is named', () => {
    assert.equal(eventFilter({ ...none, flotillas: ['shop'] })({ ...record, flotilla: null }), false)
  })
})

function folderOf(t: TestContext): string {
  const state = mkdtempSync(join(tmpdir(), 'flotilla-journal-'))
  t.after(() => rmSync(state, { recursive: true, force: true }))
  return state
}

function openIn(t: TestContext, options: Partial<JournalOptions> = {}) {
  const state = folderOf(t)
  const clock = manualClock()
  let open: Journal | null = null
  const reopen = (): Journal => {
    open?.close()
    return (open = openJournal(state, { clock, forwardTo: silentSink, ...options }))
  }
  t.after(() => open?.close())
  return { state, clock, folder: join(state, 'events'), journal: reopen(), reopen }
}

function publish(journal: Journal, count: number): void {
  for (let nth = 0; nth < count; nth++) journal.publish('plan.done', { tookMs: nth }, { flotilla: 'shop' })
}

function ids(records: readonly EventRecord[]): number[] {
  return records.map(({ id }) => id)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, nth) => from + nth)
}

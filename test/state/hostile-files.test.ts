import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { FlotillaError } from '../../src/errors.js'
import { readEvents } from '../../src/events/journal/read.js'
import { newMemory, type FlotillaMemory } from '../../src/model/record.js'
import { parseMemory, renderMemory } from '../../src/state/memory-schema.js'
import { StateStore } from '../../src/state/state-store.js'
import { mutationsOf } from '../support/mutate.js'

/**
 * What a state directory may hold after a power cut, a full disk, a restored backup or a person with an
 * editor.
 */

const memory: FlotillaMemory = {
  ...newMemory('shop'),
  ...{ generation: 3, epoch: 7, everReady: true, divergent: [2] },
  master: {
    ordinal: 1,
    sinceMs: 1_790_000_000_000,
    lineage: { runId: 'r', replid: 'a', offset: 5, keys: 1, seenAtMs: 1 },
  },
  history: [
    {
      ...{ kind: 'failover', epoch: 7, from: 0, to: 1, reason: 'it died', result: 'done', requestId: null },
      ...{ troubleAtMs: 1, startedAtMs: 2, endedAtMs: 3, offsetGapBytes: 0, detail: null },
    },
  ],
}
const text = renderMemory(memory)
const anyBytes = fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes))

describe('a memory file', () => {
  test('is read as it was written', () => {
    assert.deepEqual(parseMemory(text), { kind: 'read', memory })
  })

  test('cut short anywhere is damaged, with a reason', () => {
    for (let length = 0; length < text.trimEnd().length; length += 7) {
      const reading = parseMemory(text.slice(0, length))
      assert.equal(reading.kind, 'unusable', text.slice(0, length))
    }
  })

  test('with anything in any place is read as it is meant, or is damaged with a reason', () => {
    fc.assert(
      fc.property(mutationsOf(JSON.parse(text)), odd => {
        const reading = parseMemory(JSON.stringify(odd))
        if (reading.kind === 'unusable') return reading.reason !== ''
        // What was accepted can be written and read again, so it can't poison the next start.
        assert.deepEqual(parseMemory(renderMemory(reading.memory)), reading)
        return true
      }),
      { numRuns: 500 },
    )
  })

  test('that is damaged is put aside under another name, and nothing of it is lost', async t => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async bytes => {
        const { store, directory, write } = openStore(t)
        write('shop.json', bytes)
        const told: string[] = []
        assert.deepEqual(
          await store.loadMemory('shop', { onCorrupt: reason => void told.push(reason) }),
          newMemory('shop'),
        )
        assert.equal(told.length, 1)
        assert.deepEqual(
          readdirSync(directory).filter(name => name.startsWith('shop.json.damaged-')).length,
          1,
        )
      }),
      { numRuns: 40 },
    )
  })

  test('of a newer Flotilla is refused, and left where it is', async t => {
    const { store, directory, write } = openStore(t)
    write('shop.json', text.replace(/"version": \d+/, '"version": 999'))
    await assert.rejects(store.loadMemory('shop', { onCorrupt: () => assert.fail('it is not damaged') }), {
      code: 'state/unreadable',
    })
    assert.deepEqual(readdirSync(directory), ['shop.json'])
  })
})

test('a status file of any content is a status or none', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anyBytes,
        fc.jsonValue().map(value => Buffer.from(JSON.stringify(value))),
        fc.constantFrom('{}', '[]', 'null', '{"conditions":null,"nodes":[]}').map(Buffer.from),
      ),
      async bytes => {
        const { store, write } = openStore(t)
        write('shop.status.json', bytes)
        assert.equal(await store.loadStatus('shop'), null)
      },
    ),
    { numRuns: 60 },
  )
})

test('an ask that is none is taken away and forgotten', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anyBytes,
        fc.jsonValue().map(value => Buffer.from(JSON.stringify(value))),
      ),
      async bytes => {
        const { store, directory, write } = openStore(t)
        write('requests/shop.json', bytes)
        write('requests/shop.0d9c.json', bytes)
        assert.deepEqual(await store.takeRequests('shop'), [])
        assert.deepEqual(readdirSync(join(directory, 'requests')), [])
      },
    ),
    { numRuns: 60 },
  )
})

test('damaged secrets are one error that says what to do, and stay where they are', async t => {
  await fc.assert(
    fc.asyncProperty(anyBytes, async bytes => {
      const { store, directory, write } = openStore(t)
      write('secrets/shop.json', bytes)
      await assert.rejects(
        store.loadKeyring('shop'),
        error => error instanceof FlotillaError && error.code === 'state/unreadable' && error.hint !== '',
      )
      assert.deepEqual(readdirSync(join(directory, 'secrets')), ['shop.json'])
    }),
    { numRuns: 30 },
  )
})

test('a journal with anything in it gives the events that can be read', async t => {
  const good =
    '{"id":5,"time":"2026-11-23T06:52:58.834Z","level":"info","event":"node.online","msg":"node is online","flotilla":"shop"}\n'
  await fc.assert(
    fc.asyncProperty(anyBytes, async bytes => {
      const { directory, write } = openStore(t)
      const rubbish = Buffer.from(bytes.toString('latin1').replaceAll('\n', ' '), 'latin1')
      write('events/000000000001.jsonl', Buffer.concat([rubbish, Buffer.from(`\n${good}`), rubbish]))
      const events = await readEvents(directory)
      assert.ok(events.some(({ id, event }) => id === 5 && event === 'node.online'))
    }),
    { numRuns: 40 },
  )
})

function openStore(t: TestContext): {
  readonly store: StateStore
  readonly directory: string
  readonly write: (path: string, content: Buffer | string) => void
} {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-state-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return {
    directory,
    store: new StateStore(directory),
    write(path, content) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), content)
    },
  }
}

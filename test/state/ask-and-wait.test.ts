import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { newMemory, type FlotillaMemory } from '../../src/reconciler/memory.js'
import { withAnswer } from '../../src/reconciler/open-request.js'
import { askAndWait, type Asking } from '../../src/state/ask-and-wait.js'
import { diskFiles } from '../../src/state/files.js'
import { takeAsks } from '../../src/state/requests.js'

/** Somebody who asks, and a keeper that takes what is asked when it is woken, if it hears at all. */
function asker(t: TestContext, { hears }: { readonly hears: boolean }) {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-asks-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  let memory: FlotillaMemory = newMemory('shop')
  const taken: string[] = []
  const keep = async (): Promise<void> => {
    for (const ask of hears ? await takeAsks(diskFiles, directory, 'shop') : []) {
      taken.push(ask.kind)
      if (ask.kind === 'withdraw')
        memory = withAnswer(memory, { requestId: ask.withdrawn, result: 'withdrawn', detail: 'as asked' })
    }
  }
  return {
    taken,
    asksLeft: () => readdirSync(join(directory, 'requests')),
    ask: (timeoutMs: number, signal?: AbortSignal) =>
      askAndWait({
        ...{ directory, flotilla: 'shop', clock: systemClock, signal },
        ask: {
          ...{ kind: 'switchover', to: 1, force: false, requestId: 'a', timeoutMs },
          atMs: systemClock.nowMs(),
        } satisfies Asking['ask'],
        readMemory: async () => memory,
        wake: () => void keep(),
      }),
  }
}

test('a request that nobody takes in its time is taken back', async t => {
  const { ask, asksLeft } = asker(t, { hears: false })
  assert.equal((await ask(30))?.result, 'withdrawn')
  assert.deepEqual(asksLeft(), [])
})

test('a request that was taken and is not answered in its time is withdrawn from who has it', async t => {
  const { ask, asksLeft, taken } = asker(t, { hears: true })
  assert.deepEqual(await ask(30), { requestId: 'a', result: 'withdrawn', detail: 'as asked' })
  assert.deepEqual(taken, ['switchover', 'withdraw'])
  assert.deepEqual(asksLeft(), [])
})

test('who gives up withdraws at once, however long the request might have waited', async t => {
  const { ask, asksLeft } = asker(t, { hears: true })
  const patience = new AbortController()
  const answer = ask(600_000, patience.signal)
  patience.abort()
  assert.equal((await answer)?.result, 'withdrawn')
  assert.deepEqual(asksLeft(), [])
})

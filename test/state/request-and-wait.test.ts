import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { newMemory, type FlotillaMemory } from '../../src/model/record.js'
import { withCompletedRequest } from '../../src/reconciler/record/open-request.js'
import { requestAndWait, type RequestAndWaitOptions } from '../../src/state/request-and-wait.js'
import { diskFiles } from '../../src/files.js'
import { takeRequests } from '../../src/state/requests.js'

/** Somebody who asks, and a keeper that takes what is asked when it is woken, if it hears at all. */
function asker(t: TestContext, { hears }: { readonly hears: boolean }) {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-asks-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  let memory: FlotillaMemory = newMemory('shop')
  const taken: string[] = []
  const keep = async (): Promise<void> => {
    for (const request of hears ? await takeRequests(diskFiles, directory, 'shop') : []) {
      taken.push(request.kind)
      if (request.kind === 'withdraw')
        memory = withCompletedRequest(memory, {
          requestId: request.withdrawn,
          result: 'withdrawn',
          detail: 'as asked',
        })
    }
  }
  return {
    taken,
    asksLeft: () => readdirSync(join(directory, 'requests')),
    request: (timeoutMs: number, signal?: AbortSignal) =>
      requestAndWait({
        ...{ directory, flotilla: 'shop', clock: systemClock, signal },
        request: {
          ...{ kind: 'switchover', to: 1, force: false, requestId: 'a', timeoutMs },
          atMs: systemClock.nowMs(),
        } satisfies RequestAndWaitOptions['request'],
        readMemory: async () => memory,
        wake: () => void keep(),
      }),
  }
}

test('a request that nobody takes in its time is taken back', async t => {
  const { request, asksLeft } = asker(t, { hears: false })
  assert.equal((await request(30))?.result, 'withdrawn')
  assert.deepEqual(asksLeft(), [])
})

test('a request that was taken and is not answered in its time is withdrawn from who has it', async t => {
  const { request, asksLeft, taken } = asker(t, { hears: true })
  assert.deepEqual(await request(1_000), { requestId: 'a', result: 'withdrawn', detail: 'as asked' })
  assert.deepEqual(taken, ['switchover', 'withdraw'])
  assert.deepEqual(asksLeft(), [])
})

test('who gives up withdraws at once, however long the request might have waited', async t => {
  const { request, asksLeft } = asker(t, { hears: true })
  const patience = new AbortController()
  const answer = request(600_000, patience.signal)
  patience.abort()
  assert.equal((await answer)?.result, 'withdrawn')
  assert.deepEqual(asksLeft(), [])
})

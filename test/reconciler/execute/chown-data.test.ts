import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chownData } from '../../../src/reconciler/execute/chown-data.js'
import { executionFixture } from '../support/execution.js'

const signal = new AbortController().signal
const manifest = '/data/appendonlydir/appendonly.aof.manifest'
const part = '/data/appendonlydir/appendonly.aof.1.incr.aof'

/** A volume with an append-only file that is this user's. */
async function volumeOf(uid: number) {
  const { fake, run } = await executionFixture()
  const { container } = await run(0)
  const { runtime } = fake
  const { containerId } = container
  const owned = { uid, gid: uid, modifiedAtMs: 5_000 }
  await runtime.makePaths(containerId, [
    { kind: 'folder', path: '/data', mode: 0o755, ...owned },
    { kind: 'folder', path: '/data/appendonlydir', mode: 0o700, ...owned },
    {
      kind: 'file',
      path: manifest,
      mode: 0o644,
      content: 'file appendonly.aof.1.incr.aof seq 1 type i\n',
      ...owned,
    },
    { kind: 'file', path: part, mode: 0o640, content: 'data', ...owned },
  ])
  return { fake, runtime, containerId }
}

test('data of another user is given to the one that the server runs as, as it is', async () => {
  const { runtime, containerId } = await volumeOf(0)
  const all = ['/data', '/data/appendonlydir', manifest, part]
  const given = await chownData(runtime, { containerId, uid: 999, nowMs: 9_000 }, signal)
  assert.deepEqual([...given].toSorted(), [...all].toSorted())
  for (const path of all) assert.equal(await runtime.findOwner(containerId, path), 999)
  assert.equal(await runtime.readFile(containerId, part), 'data')
  assert.equal((await runtime.findPath(containerId, part))?.mode, 0o640)
  assert.equal((await runtime.findPath(containerId, '/data/appendonlydir'))?.mode, 0o700)
  assert.deepEqual(await chownData(runtime, { containerId, uid: 999, nowMs: 9_000 }, signal), [])
})

test('data that is the server’s own is left alone, and a new volume too', async () => {
  const { fake, runtime, containerId } = await volumeOf(999)
  assert.deepEqual(await chownData(runtime, { containerId, uid: 999, nowMs: 9_000 }, signal), [])
  assert.equal(fake.calls.filter(({ method }) => method === 'makePaths').length, 1, 'that of the test')
  const { fake: other, run } = await executionFixture()
  const { container } = await run(0)
  assert.deepEqual(
    await chownData(other.runtime, { containerId: container.containerId, uid: 999, nowMs: 9_000 }, signal),
    [],
  )
})

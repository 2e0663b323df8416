import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listSetAside, removeSetAside } from '../../../src/reconciler/execute/set-aside-folders.js'
import type { ExecResult } from '../../../src/runtime/runtime.js'
import { handsOn } from '../support/hands-on.js'

const signal = new AbortController().signal

/** A node whose shell answers this. */
async function shell(result: Partial<ExecResult>) {
  const commands: (readonly string[])[] = []
  const { fake, run } = await handsOn(
    {},
    {
      exec: (_container, command) => {
        commands.push(command)
        return { exitCode: 0, stdout: '', stderr: '', ...result }
      },
    },
  )
  const { container } = await run(0)
  return { runtime: fake.runtime, containerId: container.containerId, commands }
}

test('what lies set aside is told with its age and size, as far as the image can tell', async () => {
  const { runtime, containerId } = await shell({
    stdout: '1700000000 12 epoch-3\n1700000100 - epoch-3.2\nodd line\n1 2 ../../etc\n',
  })
  assert.deepEqual(await listSetAside(runtime, { containerId, epoch: 9 }, signal), [
    { name: 'epoch-3', atMs: 1_700_000_000_000, sizeBytes: 12_288 },
    { name: 'epoch-3.2', atMs: 1_700_000_100_000, sizeBytes: null },
  ])
})

test('an image without a shell is asked through the engine, by the names of the last epochs', async () => {
  const { runtime, containerId } = await shell({ exitCode: 126, stdout: 'no such file: sh' })
  const list = () => listSetAside(runtime, { containerId, epoch: 9 }, signal)
  assert.deepEqual(await list(), [])
  const owned = { mode: 0o755, uid: 999, gid: 999, modifiedAtMs: 5_000 }
  const folders = ['/data/set-aside', '/data/set-aside/epoch-8', '/data/set-aside/epoch-9']
  await runtime.makePaths(
    containerId,
    folders.map(path => ({ kind: 'folder', path, ...owned }) as const),
  )
  assert.deepEqual(
    (await list()).map(({ name, atMs }) => [name, atMs]),
    [
      ['epoch-8', 5_000],
      ['epoch-9', 5_000],
    ],
  )
  await removeSetAside(runtime, { containerId, folder: 'epoch-8' }, { nowMs: 6_000, signal })
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['epoch-9'],
  )
  assert.match((await runtime.readFile(containerId, '/data/set-aside/epoch-8')) ?? '', /let this go/)
})

test('one folder is removed, and nothing that could lead out of their place', async () => {
  const { runtime, containerId, commands } = await shell({})
  await removeSetAside(runtime, { containerId, folder: 'epoch-3.2' }, { nowMs: 0, signal })
  assert.deepEqual(commands, [['rm', '-rf', '/data/set-aside/epoch-3.2']])
  await assert.rejects(
    removeSetAside(runtime, { containerId, folder: '../appendonlydir' }, { nowMs: 0, signal }),
    /is no folder/,
  )
  assert.equal(commands.length, 1)
})

test('a folder that can not be removed is told in the words of the node', async () => {
  for (const said of [{ stderr: 'read-only' }, { stdout: 'read-only' }]) {
    const { runtime, containerId } = await shell({ exitCode: 1, ...said })
    await assert.rejects(removeSetAside(runtime, { containerId, folder: 'epoch-3' }, { nowMs: 0, signal }), {
      code: 'runtime/failed',
      message: "can't remove /data/set-aside/epoch-3: read-only",
    })
  }
})

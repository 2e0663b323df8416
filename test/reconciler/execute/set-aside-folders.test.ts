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
  assert.deepEqual(await listSetAside(runtime, containerId, signal), [
    { name: 'epoch-3', atMs: 1_700_000_000_000, sizeBytes: 12_288 },
    { name: 'epoch-3.2', atMs: 1_700_000_100_000, sizeBytes: null },
  ])
})

test('an image without a shell for it has nothing to tell', async () => {
  const { runtime, containerId } = await shell({ exitCode: 127, stdout: '1700000000 12 epoch-3' })
  assert.deepEqual(await listSetAside(runtime, containerId, signal), [])
})

test('one folder is removed, and nothing that could lead out of their place', async () => {
  const { runtime, containerId, commands } = await shell({})
  await removeSetAside(runtime, { containerId, folder: 'epoch-3.2' }, signal)
  assert.deepEqual(commands, [['rm', '-rf', '/data/set-aside/epoch-3.2']])
  await assert.rejects(
    removeSetAside(runtime, { containerId, folder: '../appendonlydir' }, signal),
    /is no folder/,
  )
  assert.equal(commands.length, 1)
})

test('a folder that can not be removed is told in the words of the node', async () => {
  for (const said of [{ stderr: 'read-only' }, { stdout: 'read-only' }]) {
    const { runtime, containerId } = await shell({ exitCode: 1, ...said })
    await assert.rejects(removeSetAside(runtime, { containerId, folder: 'epoch-3' }, signal), {
      code: 'runtime/failed',
      message: "can't remove /data/set-aside/epoch-3: read-only",
    })
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listArchives, removeArchive } from '../../../src/reconciler/execute/archive-folders.js'
import { executionFixture } from '../support/execution.js'
import type { ExecResult } from '../../../src/model/engine.js'

const signal = new AbortController().signal

/** A node whose shell answers this. */
async function shell(result: Partial<ExecResult>) {
  const commands: (readonly string[])[] = []
  const { fake, run } = await executionFixture(
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

const owned = { mode: 0o755, uid: 999, gid: 999 }
const folderToMake = (name: string, modifiedAtMs: number) =>
  ({ kind: 'folder', path: `/data/set-aside${name}`, ...owned, modifiedAtMs }) as const
const fileToMake = (name: string, content: string) =>
  ({ kind: 'file', path: `/data/set-aside/${name}`, content, ...owned, modifiedAtMs: 0 }) as const

test('what lies set aside is told with its age and size, which needs no program in the image', async () => {
  const { runtime, containerId } = await shell({ stdout: 'epoch-3\nepoch-3.2\nkeep\nepoch-4\n../../etc\n' })
  await runtime.makePaths(containerId, [
    ...[
      folderToMake('', 0),
      folderToMake('/epoch-3', 4_000),
      folderToMake('/epoch-3.2', 5_000),
      folderToMake('/keep', 0),
    ],
    fileToMake('epoch-3/dump.rdb', '12345'),
    fileToMake(
      'epoch-3.2/appendonlydir/appendonly.aof.manifest',
      'file appendonly.aof.1.incr.aof seq 1 type i\n',
    ),
    fileToMake('epoch-3.2/appendonlydir/appendonly.aof.1.incr.aof', '1234567890'),
    fileToMake('epoch-4', 'this went'),
  ])
  assert.deepEqual(await listArchives(runtime, { containerId, epoch: 9 }, signal), [
    { name: 'epoch-3', atMs: 4_000, sizeBytes: 5 },
    { name: 'epoch-3.2', atMs: 5_000, sizeBytes: 54 },
  ])
})

test('an image without a shell is asked through the engine, by the names of the last epochs', async () => {
  const { runtime, containerId } = await shell({ exitCode: 126, stdout: 'no such file: sh' })
  const list = () => listArchives(runtime, { containerId, epoch: 9 }, signal)
  assert.deepEqual(await list(), [])
  const folders = ['', '/epoch-8', '/epoch-9', '/epoch-9.2', '/unreadable']
  await runtime.makePaths(
    containerId,
    folders.map(name => folderToMake(name, 5_000)),
  )
  assert.deepEqual(
    (await list()).map(({ name, atMs }) => [name, atMs]),
    [
      ['unreadable', 5_000],
      ['epoch-8', 5_000],
      ['epoch-9', 5_000],
      ['epoch-9.2', 5_000],
    ],
  )
  await removeArchive(runtime, { containerId, folder: 'epoch-8' }, { nowMs: 6_000, signal })
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['unreadable', 'epoch-9', 'epoch-9.2'],
  )
  assert.match((await runtime.readFile(containerId, '/data/set-aside/epoch-8')) ?? '', /let this go/)
})

test('one folder is removed, and nothing that could lead out of their place', async () => {
  const { runtime, containerId, commands } = await shell({})
  await removeArchive(runtime, { containerId, folder: 'epoch-3.2' }, { nowMs: 0, signal })
  assert.deepEqual(commands, [['rm', '-rf', '/data/set-aside/epoch-3.2']])
  await assert.rejects(
    removeArchive(runtime, { containerId, folder: '../appendonlydir' }, { nowMs: 0, signal }),
    /is no folder/,
  )
  assert.equal(commands.length, 1)
})

test('a folder that can not be removed is told in the words of the node', async () => {
  for (const said of [{ stderr: 'read-only' }, { stdout: 'read-only' }]) {
    const { runtime, containerId } = await shell({ exitCode: 1, ...said })
    await assert.rejects(removeArchive(runtime, { containerId, folder: 'epoch-3' }, { nowMs: 0, signal }), {
      code: 'runtime/failed',
      message: "can't remove /data/set-aside/epoch-3: read-only",
    })
  }
})

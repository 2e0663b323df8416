import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContainerCache } from '../../../src/reconciler/observe/container-cache.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import { container } from '../support/world.js'
import type { ContainerFacts } from '../../../src/model/engine.js'

/** An engine whose lists end when the test says so; each list holds one container, named after its number. */
function slowEngine() {
  const ends: { readonly ok: () => void; readonly fail: (error: Error) => void }[] = []
  const runtime = {
    listContainers: () =>
      new Promise<readonly ContainerFacts[]>((resolve, fail) => {
        const name = `list-${ends.length + 1}`
        ends.push({ ok: () => resolve([container(0, { name })]), fail })
      }),
  } as unknown as Runtime
  const finish = async (list: number, error?: Error): Promise<void> => {
    await turn()
    const end = ends[list - 1]
    assert.ok(end !== undefined, `list ${list} has not begun`)
    if (error === undefined) end.ok()
    else end.fail(error)
    await turn()
  }
  return { view: new ContainerCache(runtime), finish, begun: () => ends.length }
}

/** A turn of the event loop, and what it brought. */
const turn = async (): Promise<void> => {
  for (let count = 0; count < 3; count++) await new Promise(resolve => setImmediate(resolve))
}

const nameIn = async (list: Promise<readonly ContainerFacts[]>): Promise<string | undefined> =>
  (await list)[0]?.name

test('who asks gets a list', async () => {
  const { view, finish } = slowEngine()
  const list = view.listContainers()
  await finish(1)
  assert.equal(await nameIn(list), 'list-1')
})

test('who asks while a list is under way gets one that began afterwards, and all of them the same', async () => {
  const { view, finish, begun } = slowEngine()
  const first = view.listContainers()
  await turn()
  const late = [view.listContainers(), view.listContainers(), view.listContainers()]
  await turn()
  assert.equal(begun(), 1)
  await finish(1)
  assert.equal(await nameIn(first), 'list-1')
  await finish(2)
  assert.deepEqual(await Promise.all(late.map(nameIn)), ['list-2', 'list-2', 'list-2'])
  assert.equal(begun(), 2)
})

test('who asks while the next list is under way gets the one after that', async () => {
  const { view, finish } = slowEngine()
  const lists = [view.listContainers()]
  await turn()
  lists.push(view.listContainers())
  await finish(1)
  lists.push(view.listContainers())
  await finish(2)
  await finish(3)
  assert.deepEqual(await Promise.all(lists.map(nameIn)), ['list-1', 'list-2', 'list-3'])
})

test('a list that failed fails only those who asked for it', async () => {
  const { view, finish } = slowEngine()
  const first = view.listContainers()
  await turn()
  const second = view.listContainers()
  const failure = assert.rejects(first, /no engine/)
  await finish(1, new Error('no engine'))
  await failure
  await finish(2)
  assert.equal(await nameIn(second), 'list-2')
})

test('an engine that was asked and has answered is asked again', async () => {
  const { view, finish, begun } = slowEngine()
  const first = view.listContainers()
  await finish(1)
  await first
  void view.listContainers()
  await turn()
  assert.equal(begun(), 2)
})

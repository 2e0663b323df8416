import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import { observeResources } from '../../../src/reconciler/observe/resources.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { manualClock } from '../support/manual-clock.js'
import { container } from '../support/world.js'

const usual = defaultPersistence('aof')

async function seen(volumes: readonly (readonly [name: string, labels: string])[], template?: string) {
  const { runtime, controls, world } = createFakeRuntime({ clock: manualClock() })
  controls.addImage('redis:8')
  for (const [name, labels] of volumes) {
    const [flotilla, node] = labels.split(' ')
    world.addVolume({
      name,
      labels: {
        ...(flotilla === undefined || flotilla === '' ? {} : { 'io.flotilla.flotilla': flotilla }),
        ...(node === undefined ? {} : { 'io.flotilla.node': node }),
      },
    })
  }
  const volume = { ...usual.volume, name: template ?? usual.volume.name }
  const found = await observeResources(
    runtime,
    {
      ...{ flotilla: 'shop', image: 'redis:8', wantedCount: 3 },
      persistence: { ...usual, volume },
    },
    [],
  )
  return {
    volumes: found.volumes.map(({ ordinal, name }) => `${ordinal}: ${name}`),
    taken: found.foreignVolumes,
  }
}

test('a volume is the node’s whose labels it carries, whatever it is called', async () => {
  const { volumes, taken } = await seen([
    ['odd', 'shop 1'],
    ['shop-0', 'shop 0'],
    ['theirs', 'cart 2'],
  ])
  assert.deepEqual(volumes, ['0: shop-0', '1: odd'])
  assert.deepEqual(taken, [])
})

test('of two volumes of one node the one that is called as new ones are is its own', async () => {
  const both = [
    ['a-copy', 'shop 1'],
    ['shop-1', 'shop 1'],
  ] as const
  assert.deepEqual((await seen(both)).volumes, ['1: shop-1'])
  assert.deepEqual((await seen(both.toReversed())).volumes, ['1: shop-1'])
})

test('a name that a node may need is taken by a stranger’s volume, another flotilla’s, and another node’s', async () => {
  assert.deepEqual(
    (
      await seen([
        ['shop-0', ''],
        ['shop-1', 'cart 1'],
        ['shop-2', 'shop 10'],
      ])
    ).taken,
    ['shop-0', 'shop-1', 'shop-2'],
  )
  assert.deepEqual((await seen([['shop.2', '']], '{flotilla}.{ordinal}')).taken, ['shop.2'])
})

test('volumes of all flotillas that were sent to a place are seen with it, and with the container that has them', async () => {
  const { runtime, controls, world } = createFakeRuntime({ clock: manualClock() })
  controls.addImage('redis:8')
  const made = (flotilla: string, device: string) => ({
    name: `${flotilla}-0`,
    labels: { 'io.flotilla.flotilla': flotilla, 'io.flotilla.node': '0' },
    options: { type: 'none', o: 'bind', device },
  })
  world.addVolume(made('shop', '/srv/redis/'))
  world.addVolume(made('cart', '/srv/cart'))
  world.addVolume({ name: 'plain-0', labels: { ...made('plain', '').labels } })
  const containers = [container(0, { mounts: [{ volume: 'shop-0', path: '/data' }] })]
  const input = { flotilla: 'shop', image: 'redis:8', wantedCount: 1, persistence: usual }
  const { located } = await observeResources(runtime, input, containers)
  assert.deepEqual(located, [
    {
      ...{ name: 'shop-0', flotilla: 'shop', ordinal: 0, location: { host: '', path: '/srv/redis' } },
      user: { name: 'shop-replica-0', runs: true },
    },
    {
      ...{ name: 'cart-0', flotilla: 'cart', ordinal: 0, location: { host: '', path: '/srv/cart' } },
      user: null,
    },
  ])
})

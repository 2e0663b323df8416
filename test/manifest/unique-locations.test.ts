import assert from 'node:assert/strict'
import test from 'node:test'
import { updateDesiredState, neverDelete, emptyDesiredState } from '../../src/manifest/desired-state.js'
import { loaded, manifest, rendered } from './samples.js'

const at = (name: string, device: string, replicas = 2): string =>
  manifest(
    name,
    `  replicas: ${replicas}\n  persistence: { volume: { options: { type: none, o: bind, device: "${device}" } } }`,
  )

const desired = (files: Record<string, string>, before = emptyDesiredState) => {
  const { flotillas, diagnostics } = updateDesiredState(before, loaded(files), neverDelete)
  return {
    names: [...flotillas.keys()],
    told: rendered(diagnostics),
    desiredState: updateDesiredState(before, loaded(files), neverDelete),
  }
}

test('two flotillas whose nodes would get one place: the later is refused and told where the first is', () => {
  const { names, told } = desired({
    'a.yaml': at('cart', '/srv/{ordinal}'),
    'b.yaml': at('shop', '/srv/{ordinal}/'),
  })
  assert.deepEqual(names, ['cart'])
  assert.deepEqual(told, [
    "m/b.yaml:4:9: the volumes of shop would be where those of cart are (/srv/0; m/a.yaml:4:9), and servers that share a folder destroy each other's data; put {flotilla} into spec.persistence.volume.options",
  ])
})

test('a place inside another flotilla’s is one place with it, in either order', () => {
  const outer = at('cart', '/srv/{ordinal}')
  const inner = at('shop', '/srv/1/shop-{ordinal}')
  assert.deepEqual(desired({ 'a.yaml': outer, 'b.yaml': inner }).names, ['cart'])
  assert.deepEqual(desired({ 'a.yaml': inner, 'b.yaml': outer }).names, ['shop'])
  assert.deepEqual(
    desired({ 'a.yaml': at('cart', '/srv/c-{ordinal}'), 'b.yaml': at('all', '/{ordinal}/..') }).names,
    ['cart'],
  )
})

test('places that are apart are given to both', () => {
  const files = {
    'a.yaml': at('cart', '/srv/{flotilla}-{ordinal}'),
    'b.yaml': at('shop', '/srv/{flotilla}-{ordinal}'),
  }
  assert.deepEqual(desired(files).told, [])
})

test('a new document can’t take the places of a flotilla that is in force, though its file sorts first', () => {
  const shop = { 'shop.yaml': at('shop', '/srv/{ordinal}') }
  const before = desired(shop).desiredState
  const { names, told } = desired({ 'cart.yaml': at('cart', '/srv/{ordinal}'), ...shop }, before)
  assert.deepEqual(names, ['shop'])
  assert.equal(told.length, 1)
})

test('a flotilla whose new manifest would take another one’s places stays as it was', () => {
  const files = { 'a.yaml': at('cart', '/srv/c{ordinal}'), 'b.yaml': at('shop', '/srv/s{ordinal}') }
  const before = desired(files).desiredState
  const { desiredState } = desired({ ...files, 'a.yaml': at('cart', '/srv/s{ordinal}') }, before)
  assert.equal(
    desiredState.flotillas.get('cart')?.spec.persistence.volume.options['device'],
    '/srv/c{ordinal}',
  )
  assert.equal(desiredState.flotillas.get('cart')?.diagnostics.length, 1)
  assert.deepEqual(desiredState.flotillas.get('shop')?.diagnostics, [])
})

test('two flotillas on one network may not be found by one name there; apart they may', () => {
  const on = (name: string, network: string) =>
    manifest(name, `  replicas: 1\n  network: { external: [${network}] }`)
  const { names, told } = desired({ 'a.yaml': on('x', 'frontend'), 'b.yaml': on('x-replica', 'frontend') })
  assert.deepEqual(names, ['x'])
  assert.deepEqual(told, [
    'm/b.yaml:4:9: x-replica-0 on the network frontend would be a node of x-replica and one of x (m/a.yaml:4:9), and who asks for it would reach one or the other by chance; give one of the two flotillas another name, or take the network out of its spec.network.external',
  ])
  const apart = { 'a.yaml': on('x', 'frontend'), 'b.yaml': on('x-replica', 'backend') }
  assert.deepEqual(desired(apart).told, [])
})

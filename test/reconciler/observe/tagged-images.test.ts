import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { TaggedImages } from '../../../src/reconciler/observe/tagged-images.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { until } from '../../support/until.js'

test('what a tag means is asked once a minute, and what was known stays while nobody can be asked', async () => {
  const fake = createFakeRuntime({ clock: systemClock })
  fake.controls.addImage('redis:8', { imageId: 'sha256:8' })
  const images = new TaggedImages(fake.runtime)
  await until('the tag to be known', 5_000, () => images.idOf('redis:8', 1_000) === 'sha256:8')
  fake.controls.addImage('redis:8', { imageId: 'sha256:9' })
  assert.equal(images.idOf('redis:8', 30_000), 'sha256:8')
  assert.equal(fake.calls.length, 1)
  fake.faultOf = () => ({
    kind: 'fail',
    error: new FlotillaError('runtime/unreachable', 'the engine is gone'),
  })
  assert.equal(images.idOf('redis:8', 70_000), 'sha256:8')
  await new Promise(setImmediate)
  assert.equal(images.idOf('redis:8', 71_000), 'sha256:8')
  fake.faultOf = () => null
  await until('the move to be known', 5_000, () => images.idOf('redis:8', 140_000) === 'sha256:9')
})

test('whoever has had to look tells, and nobody has to ask', () => {
  const fake = createFakeRuntime({ clock: systemClock })
  const images = new TaggedImages(fake.runtime)
  images.record('redis:8', null, 1_000)
  assert.equal(images.idOf('redis:8', 2_000), null)
  assert.equal(fake.calls.length, 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { persistenceByDefault } from '../../../src/manifest/sections/persistence.js'
import type { KeepingSpec } from '../../../src/manifest/spec.js'
import { noConfig } from '../../../src/reconciler/config-in-force.js'
import type { NodeSetting } from '../../../src/reconciler/desired-node.js'
import { setDataAside } from '../../../src/reconciler/execute/set-aside.js'
import { createFakeRuntime } from '../../../src/runtime/fake/fake-runtime.js'
import type { ContainerSpec } from '../../../src/runtime/runtime.js'
import { spec } from '../support/world.js'

const setting: NodeSetting = { spec: spec(), config: noConfig, publish: false, flotillaVersion: '0.1.0' }
const { name: flotilla, image } = setting.spec

/** A container that has the name which the helper needs. */
async function worldWith(labels: Readonly<Record<string, string>>) {
  const fake = createFakeRuntime({ clock: systemClock })
  fake.hands.addImage(image)
  await fake.runtime.createNetwork({ name: flotilla, labels: {} })
  const holder: ContainerSpec = {
    ...{
      name: `${flotilla}-1-set-aside`,
      image,
      command: [],
      labels,
      hostname: 'x',
      mounts: [],
      dnsOptions: [],
    },
    attachment: { network: flotilla, links: [], aliases: [] },
    ...{ openFilesMax: 1024, stopGraceSeconds: 15, publishPort: null },
  }
  const holderId = await fake.runtime.createContainer(holder, [])
  const hands = {
    ...{ runtime: fake.runtime, setting, nowMs: () => 0, sleep: () => Promise.resolve() },
    signal: new AbortController().signal,
    keepsOf: (): KeepingSpec | null => null,
  }
  return { fake, hands, holderId }
}

const step = { ordinal: 1, volume: 'data-of-1', folder: 'epoch-2' }

test('a stranger’s container that has the helper’s name is left alone, and the error says that the name is taken', async () => {
  const { fake, hands, holderId } = await worldWith({})
  await assert.rejects(setDataAside(hands, step), { code: 'runtime/name-taken' })
  assert.notEqual(await fake.runtime.inspectContainer(holderId), null)
})

test('a helper that an earlier try has left behind makes way', async () => {
  const { fake, hands, holderId } = await worldWith({ 'io.flotilla.flotilla': flotilla })
  fake.faultOf = ({ method }) => {
    if (method !== 'startContainer') return null
    return { kind: 'fail', error: new FlotillaError('runtime/failed', 'that is as far as this test looks') }
  }
  await assert.rejects(setDataAside(hands, step), { code: 'runtime/failed' })
  assert.equal(await fake.runtime.inspectContainer(holderId), null)
})

test('what is moved and what is linked goes by how the node keeps its data, not by what the manifest has come to say: an append-only file would be written through a link', async () => {
  const { fake, hands } = await worldWith({ 'io.flotilla.flotilla': flotilla })
  fake.faultOf = ({ method }) => {
    if (method !== 'startContainer') return null
    return { kind: 'fail', error: new FlotillaError('runtime/failed', 'that is as far as this test looks') }
  }
  const asked = { ...setting, spec: spec({ persistence: persistenceByDefault('rdb') }) }
  const keepsOf = () => persistenceByDefault('aof')
  await assert.rejects(setDataAside({ ...hands, setting: asked, keepsOf }, step))
  const created = fake.calls.findLast(({ method }) => method === 'createContainer')
  assert.match(JSON.stringify(created?.args), /mv \/data/)
  assert.match(JSON.stringify(created?.args), /"volume":"data-of-1"/)
})

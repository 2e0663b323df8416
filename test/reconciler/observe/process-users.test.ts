import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { ProcessUsers } from '../../../src/reconciler/observe/process-users.js'
import type { FakeRuntime } from '../../fakes/runtime/fake-engine.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { until } from '../../support/until.js'
import { container } from '../support/world.js'
import type { ContainerFacts } from '../../../src/model/engine.js'

async function running(): Promise<{ readonly fake: FakeRuntime; readonly facts: ContainerFacts }> {
  const fake = createFakeRuntime({ clock: systemClock })
  const { labels, image } = container(1)
  fake.controls.addImage(image)
  await fake.runtime.createNetwork({ name: 'shop', labels: {} })
  const containerId = await fake.runtime.createContainer(
    {
      ...{ name: 'shop-replica-1', image, command: [], labels, mounts: [], dnsOptions: [], hostname: 'x' },
      attachment: { network: 'shop', links: [], aliases: [] },
      ...{ openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null },
    },
    [],
  )
  return { fake, facts: await fake.runtime.startContainer(containerId) }
}

const asked = ({ calls }: FakeRuntime): number =>
  calls.filter(({ method }) => method === 'findProcessUser').length

test('as whom a server runs is asked once for each of its runs, and not while its entrypoint may still be at work', async () => {
  const { fake, facts } = await running()
  fake.controls.runAs(facts.name, 0)
  const users = new ProcessUsers(fake.runtime)
  const startedAtMs = facts.startedAtMs ?? 0
  assert.equal(users.of(facts, startedAtMs + 500), null)
  assert.equal(asked(fake), 0)
  await until('it to be known', 5_000, () => users.of(facts, startedAtMs + 3_000) === 0)
  users.of(facts, startedAtMs + 60_000)
  assert.equal(asked(fake), 1)
  const again = { ...facts, startedAtMs: startedAtMs + 1 }
  users.of(again, startedAtMs + 60_000)
  await until('a new run to be asked about', 5_000, () => asked(fake) === 2)
})

test('what the engine can’t tell is not known, and nothing fails over it', async () => {
  const { fake, facts } = await running()
  fake.faultOf = () => ({ kind: 'fail', error: new FlotillaError('runtime/failed', 'no ps here') })
  const users = new ProcessUsers(fake.runtime)
  const lateMs = (facts.startedAtMs ?? 0) + 60_000
  for (let look = 0; look < 3; look++) {
    assert.equal(users.of(facts, lateMs), null)
    await new Promise(setImmediate)
  }
  assert.equal(asked(fake), 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { networksOf } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { canBreakEngine, whileNetworksCantBeWritten } from '../support/broken-engine.js'
import { testWorld } from '../support/world.js'

const skip = canBreakEngine() ? false : 'the engine is not ours to spoil'

test(
  'a node that ends while the engine can’t write is started again under its name, and `down` leaves no network',
  { skip },
  async t => {
    const world = testWorld(t, 'leftover')
    world.declare({ replicas: 1 })
    const up = await world.flotilla('up', '--timeout', '60')
    assert.equal(up.exitCode, 0, up.stderr)
    const { id } = await world.container('replica-1')
    await whileNetworksCantBeWritten(async () => {
      await callEngine('POST', `/containers/${id}/kill`)
      await callEngine('POST', `/containers/${id}/wait`)
    })
    assert.deepEqual(await leftoversOn(world.name), [`${world.name}-replica-1`])
    const again = await world.flotilla('up', '--timeout', '60')
    assert.equal(again.exitCode, 0, again.stderr)
    assert.deepEqual(await leftoversOn(world.name), [])
    const told = await world.flotilla(
      'events',
      world.name,
      '--code',
      'network.endpoint-dropped',
      '-o',
      'json',
    )
    assert.deepEqual(
      told.stdout
        .split('\n')
        .filter(line => line !== '')
        .map(line => (JSON.parse(line) as { readonly endpoint: string }).endpoint),
      [`${world.name}-replica-1`],
    )
    assert.equal((await world.container('replica-1')).id, id)
    await assertWhole(world, { replicas: 1 })

    await whileNetworksCantBeWritten(async () => {
      for (const one of await world.containers()) await callEngine('DELETE', `/containers/${one.id}?force=1`)
    })
    assert.equal((await leftoversOn(world.name)).length, 2)
    const down = await world.flotilla('down', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    assert.deepEqual(await networksOf(world.name), [])
  },
)

/** Names of endpoints that no container holds. */
async function leftoversOn(network: string): Promise<readonly string[]> {
  const { text } = await callEngine('GET', `/networks/${network}`)
  const { Containers } = JSON.parse(text) as {
    readonly Containers: Readonly<Record<string, { readonly Name: string }>>
  }
  return Object.entries(Containers).flatMap(([key, { Name }]) => (key.startsWith('ep-') ? [Name] : []))
}

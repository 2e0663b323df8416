import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { testEngine } from '../support/engine.js'
import { runThroughSteps, someSteps } from '../support/step-by-step.js'

/** The steps by which one replica is recreated: stop, remove, create, start, follow, apply config. */
const replicaSteps = [1, 2, 3, 4, 5, 6]
/**
 * Those of a lone master up to the switchover, and from its end on: volume, create, start, follow, apply
 * config, record; then the clients, stop and remove of the old one. What is between them is tried, step by
 * step, for a switchover that a person asks for: failover-steps.test.ts.
 */
const loneSteps = [1, 2, 3, 4, 5, 13, 14, 15, 16]

describe('29. Flotilla killed after each single step of a roll', { concurrency: 2 }, () => {
  test('29. Flotilla killed (SIGKILL) after each single step of a roll → on restart it ends in the same place (a replica recreated)', async t => {
    await runThroughSteps(t, { replicas: 2, steps: someSteps(replicaSteps, 3) }, async (world, { end }) => {
      const before = await world.containers()
      await end(() => world.flotilla('restart', world.name, '--node', '1'))
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [1])
      assert.notEqual((await world.container('replica-1')).id, before.find(node => node.ordinal === 1)?.id)
    })
  })

  for (const steps of [someSteps(loneSteps.slice(0, 5), 2), someSteps(loneSteps.slice(5), 2)])
    test(`29. Flotilla killed (SIGKILL) after each single step of a roll → on restart it ends in the same place (a lone master, steps ${steps.join(', ')})`, async t => {
      const { image, nextImage } = testEngine()
      await runThroughSteps(t, { replicas: 0, steps, promised: 'plain' }, async (world, { end }) => {
        const old = await world.container('master')
        const next = old.image === image ? nextImage : image
        await end(() => Promise.resolve(world.declare({ replicas: 0, image: next })))
        await assertWhole(world, { replicas: 0 })
        const [master, ...others] = await world.containers()
        assert.notEqual(master?.ordinal, old.ordinal)
        assert.deepEqual([master?.image, others], [next, []])
      })
    })
})

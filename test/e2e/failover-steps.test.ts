import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole, historyOf } from '../support/common-assertions.js'
import { killContainer } from '../support/containers.js'
import { runThroughSteps, someSteps } from '../support/step-by-step.js'

/** The steps of a change of masters. */
const allSteps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]

/**
 * A node that fails three times within ten minutes is left to a person, so one flotilla lives through four.
 */
const stepsPerFlotilla = 4

function chunks(): readonly (readonly number[])[] {
  const steps = someSteps(allSteps, stepsPerFlotilla)
  return Array.from({ length: Math.ceil(steps.length / stepsPerFlotilla) }, (_, index) =>
    steps.slice(index * stepsPerFlotilla, (index + 1) * stepsPerFlotilla),
  )
}

describe('29. Flotilla killed after each single step', { concurrency: 2 }, () => {
  for (const chunk of chunks())
    test(`29. Flotilla killed (SIGKILL) after each single step of a failover → on restart it ends in the same place (steps ${chunk.join(', ')})`, async t => {
      // Creation is the first.
      let epoch = 1
      await runThroughSteps(t, { replicas: 2, steps: chunk }, async (world, { end }) => {
        const old = await world.container('master')
        const before = await world.containers()
        epoch += 1
        await end(() => killContainer(old.id))
        await assertWhole(world, { replicas: 2 })
        assert.notEqual((await world.container('master')).ordinal, old.ordinal)
        const last = (await historyOf(world)).at(-1)
        assert.deepEqual(
          [last?.kind, last?.result, last?.from, last?.epoch],
          ['failover', 'done', old.ordinal, epoch],
        )
        await assertUntouched(world, before, [old.ordinal])
      })
    })

  for (const chunk of chunks())
    test(`29. Flotilla killed (SIGKILL) after each single step of a switchover → on restart it ends in the same place (steps ${chunk.join(', ')})`, async t => {
      await runThroughSteps(t, { replicas: 2, steps: chunk }, async (world, { end }) => {
        const old = await world.container('master')
        const before = await world.containers()
        const target = (old.ordinal + 1) % 3
        const { exitCode, stdout, stderr } = await end(() =>
          world.flotilla('switchover', world.name, '--to', String(target)),
        )
        t.diagnostic(`${exitCode}: ${stdout}${stderr}`)
        await assertWhole(world, { replicas: 2 })
        // Either all of it, or aborted before anything had changed hands: who asked is told which.
        assert.equal((await world.container('master')).ordinal, exitCode === 0 ? target : old.ordinal)
        await assertUntouched(world, before)
      })
    })
})

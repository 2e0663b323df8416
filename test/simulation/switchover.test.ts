import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageReady, type Stage } from './support/stage.js'

/** Node 1 has been ended, runs again, and takes so long to copy what its master holds. */
async function whileNodeOneSyncs(syncMs: number): Promise<Stage> {
  const stage = await stageReady()
  stage.befall({ kind: 'slow-sync', syncMs, forMs: syncMs })
  stage.befall({ kind: 'remove', node: 1 })
  stage.befall({ kind: 'remove-volume', node: 1 })
  await stage.until('node 1 to synchronise', 5_000, () =>
    Boolean(
      stage.run.keeper.status?.nodes.some(({ ordinal, health }) => ordinal === 1 && health === 'syncing'),
    ),
  )
  return stage
}

test('a switchover to a node that is still syncing is carried out once it is in sync', async () => {
  const { run, until } = await whileNodeOneSyncs(4_000)
  run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 30_000 })
  await until('node 1 to be master', 20_000, () => {
    const last = run.keeper.sight?.memory.history.at(-1)
    return last?.kind === 'switchover' && last.to === 1 && last.result === 'done'
  })
})

test('a switchover whose target is not in sync when its time is over is given up, with what it waited for', async () => {
  const { run, until } = await whileNodeOneSyncs(60_000)
  run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 3_000 })
  await until('an answer', 10_000, () => (run.keeper.sight?.memory.answers ?? []).length > 0)
  const [answer] = run.keeper.sight?.memory.answers ?? []
  assert.equal(answer?.result, 'expired')
  assert.match(answer.detail, /within 3 s \(it waited until .*node 1 is in sync with the master \(syncing\)/)
  assert.equal(run.keeper.sight?.memory.master?.ordinal, 0)
})

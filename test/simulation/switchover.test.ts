import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readyScene, type Scene } from './support/scene.js'

/** Node 1 has been ended, runs again, and takes so long to copy what its master holds. */
async function whileNodeOneSyncs(syncMs: number): Promise<Scene> {
  const scene = await readyScene()
  scene.inject({ kind: 'slow-sync', syncMs, forMs: syncMs })
  scene.inject({ kind: 'remove', node: 1 })
  scene.inject({ kind: 'remove-volume', node: 1 })
  await scene.until('node 1 to synchronise', 5_000, () =>
    Boolean(
      scene.run.daemon.status?.nodes.some(({ ordinal, health }) => ordinal === 1 && health === 'syncing'),
    ),
  )
  return scene
}

test('a switchover to a node that is still syncing is carried out once it is in sync', async () => {
  const { run, until } = await whileNodeOneSyncs(4_000)
  run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 30_000 })
  await until('node 1 to be master', 20_000, () => {
    const last = run.daemon.snapshot?.memory.history.at(-1)
    return last?.kind === 'switchover' && last.to === 1 && last.result === 'done'
  })
})

test('a switchover whose target is not in sync when its time is over is given up, with what it waited for', async () => {
  const { run, until } = await whileNodeOneSyncs(60_000)
  run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 3_000 })
  await until('an answer', 10_000, () => (run.daemon.snapshot?.memory.answers ?? []).length > 0)
  const [answer] = run.daemon.snapshot?.memory.answers ?? []
  assert.equal(answer?.result, 'expired')
  assert.match(answer.detail, /within 3 s \(it waited until .*node 1 is in sync with the master \(syncing\)/)
  assert.equal(run.daemon.snapshot?.memory.master?.ordinal, 0)
})

test('where neither end of a switchover that was cut short comes back, a person names another node by force', async () => {
  const { run, inject, until } = await readyScene()
  run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 30_000 })
  // The old master has been demoted, and knows the history that began with the target.
  await until('the target to be master', 5_000, () => run.world.processOf(1)?.upstream === null)
  run.daemon.kill()
  for (const node of [0, 1]) {
    inject({ kind: 'node-trouble', node, what: 'start', forMs: 600_000 })
    inject({ kind: 'kill', node })
  }
  run.start()
  await until('it to be waited for', 60_000, () =>
    (run.daemon.status?.waitingFor ?? []).some(what => what.includes('--to 2 --force')),
  )
  run.ask({ kind: 'failover', to: 2, force: true, timeoutMs: 30_000 })
  await until('node 2 to be master', 20_000, () => run.daemon.snapshot?.memory.master?.ordinal === 2)
})

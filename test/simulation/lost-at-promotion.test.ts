import { describe, test } from 'node:test'
import type { FaultBody } from './support/scenario.js'
import { readyScene, stageBlank, type Scene } from './support/scene.js'

const losses: readonly FaultBody[] = [
  { kind: 'freeze', node: 'master', forMs: 0 },
  { kind: 'pause', node: 'master', forMs: 3_600_000 },
  { kind: 'kill', node: 'master' },
  { kind: 'remove', node: 'master' },
]

const changes: Readonly<Record<string, (scene: Scene) => void>> = {
  switchover: ({ run }) => run.ask({ kind: 'switchover', to: 1, force: false, timeoutMs: 30_000 }),
  failover: ({ inject }) => inject({ kind: 'kill', node: 'master' }),
  'change that somebody else has made': ({ inject }) => inject({ kind: 'failover-by-hand', node: 1 }),
}

const lastEpoch = ({ run }: Scene): number =>
  run.daemon.snapshot?.memory.history.findLast(({ result }) => result === 'done')?.epoch ?? 0

async function untilPromotedSince(scene: Scene, epoch: number): Promise<void> {
  await scene.until('a promotion to end', 60_000, () => lastEpoch(scene) > epoch)
}

/**
 * Whoever is recorded as master is lost now; complete copies of it are left, so one of them takes writes
 * soon.
 */
async function loseMaster(scene: Scene, loss: FaultBody): Promise<void> {
  const { run, until, inject } = scene
  const epoch = lastEpoch(scene)
  inject({ ...loss, node: run.daemon.snapshot?.memory.master?.ordinal ?? 0 } as FaultBody)
  await untilPromotedSince(scene, epoch)
  await until('somebody to take writes', 5_000, () =>
    [...run.world.redis.processes].some(({ upstream, frozen }) => upstream === null && !frozen),
  )
}

async function pass(scene: Scene, ms: number): Promise<void> {
  const { clock } = scene.run.world
  const endMs = clock.monotonicMs() + ms
  await scene.until('a moment', ms + 60_000, () => clock.monotonicMs() >= endMs)
}

for (const loss of losses)
  describe(`a master is replaced that meets a ${loss.kind} before anybody has looked at it`, () => {
    for (const [name, begin] of Object.entries(changes))
      test(`after a ${name}`, async () => {
        const scene = await readyScene()
        await pass(scene, 8_000)
        const epoch = lastEpoch(scene)
        begin(scene)
        await untilPromotedSince(scene, epoch)
        await loseMaster(scene, loss)
      })

    test('after its creation, once its replicas have got to it', async () => {
      const scene = stageBlank()
      scene.run.start()
      await untilPromotedSince(scene, 0)
      scene.run.startFaults(() => undefined)
      await pass(scene, 60)
      await loseMaster(scene, loss)
    })
  })

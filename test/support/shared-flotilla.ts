import { after, before } from 'node:test'
import { assertWhole } from './common-assertions.js'
import type { Daemon } from './daemon.js'
import { testWorld, type ManifestSpec, type ProcessOptions, type World } from './world.js'

export interface SharedFlotilla {
  readonly world: World
  readonly daemon: Daemon
}

/**
 * One flotilla and its daemon for all tests of a `describe`, which run one after the other (`concurrency: 1`:
 * it inherits that of the one around it): making three nodes costs more than most tests on them. Called in
 * the body of the `describe`; what it returns each test calls first, and gets the flotilla whole and as
 * declared, whatever the test before has done to it. Who is master then is not promised.
 */
export function sharedFlotilla(
  stem: string,
  spec: ManifestSpec,
  options: ProcessOptions = {},
): () => Promise<SharedFlotilla> {
  const world = testWorld({ after }, stem)
  let daemon: Daemon | null = null
  before(async () => {
    world.declare(spec)
    daemon = world.startDaemon(options)
    await daemon.waitFor('flotilla.ready')
  })
  return async () => {
    if (daemon === null) throw new Error(`${world.name} is not there yet: its tests begin after it was made`)
    world.declare(spec)
    await assertWhole(world, { replicas: spec.replicas })
    return { world, daemon }
  }
}

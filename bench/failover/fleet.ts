import { masterName } from '../../src/reconciler/names.js'
import { uniqueName } from '../../test/support/engine.js'
import { manifestOf, type BenchWorld } from '../support/bench-world.js'
import type { WriterSetting } from '../support/bench-writer.js'
import { makeHome, startDaemon, type Daemon, type Home } from '../support/daemon.js'
import { removeByHand } from '../support/raw-flotilla.js'
import { openWriterBox, type WriterBox } from '../support/writer-box.js'
import { untilWhole, type BenchNode } from './nodes.js'

export const replicas = 2

/** A flotilla that a daemon keeps, with a box for writers beside it. */
export interface BenchFlotilla {
  readonly flotilla: string
  readonly box: WriterBox
  /** Resolves with the master once every replica is online. */
  whole(): Promise<BenchNode>
}

/** Flotillas of one daemon: several, because nodes that die too often are started slowly. */
export interface Fleet {
  readonly flotillas: readonly BenchFlotilla[]
  readonly home: Home
  readonly daemon: Daemon
  remove(): Promise<void>
}

/** How many flotillas so many crashes need: in each masters take turns. */
export function flotillasFor(rounds: number): number {
  return Math.ceil(rounds / 5)
}

/** @param minReplicas `minReplicasToWrite` of each flotilla */
export async function raiseFleet(world: BenchWorld, minReplicas: readonly number[]): Promise<Fleet> {
  const { engine, dockerHost, image } = world
  const home = makeHome()
  const daemon = await startDaemon(home, { dockerHost })
  const names: string[] = []
  const flotillas: BenchFlotilla[] = []
  const remove = async (): Promise<void> => {
    await daemon.stop()
    await Promise.allSettled(flotillas.map(({ box }) => box.remove()))
    for (const flotilla of names) await removeByHand(engine, flotilla)
    home.remove()
  }
  try {
    for (const minReplicasToWrite of minReplicas) {
      const flotilla = uniqueName('bench')
      const { password, passwordFile } = home
      names.push(flotilla)
      daemon.save(flotilla, manifestOf({ flotilla, image, replicas, passwordFile, minReplicasToWrite }))
      const whole = (): Promise<BenchNode> => untilWhole(engine, { flotilla, replicas, password })
      await whole()
      const box = await openWriterBox(world, { network: flotilla, host: masterName(flotilla) })
      flotillas.push({ flotilla, box, whole })
    }
    return { flotillas, home, daemon, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

export function writerSetting(
  password: string | null,
  differently: Partial<WriterSetting> = {},
): WriterSetting {
  return {
    password,
    retry: 'every-10-ms',
    pace: 'one-by-one',
    wait: false,
    sentinels: null,
    ...differently,
  }
}

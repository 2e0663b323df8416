import { SimRun, type RunOptions } from './sim-run.js'
import type { FaultBody, Scenario, SimSpec } from './scenario.js'

/**
 * A simulated world that a test leads by hand: it says what befalls the flotilla, and waits for what it
 * promises.
 */
export interface Scene {
  readonly run: SimRun
  readonly inject: (fault: FaultBody) => void
  /**
   * Lets the world go on until this is so. @throws when it is not so after this long, with what was waited
   * for and what the flotilla says.
   */
  readonly until: (what: string, withinMs: number, isSo: () => boolean) => Promise<void>
}

export const plainSpec: SimSpec = {
  ...{ replicas: 2, persistence: 'aof', image: 'redis:1', minReplicas: 0, mode: 'automatic' },
  ...{ hangTimeoutMs: 2_000, restartWindowMs: 0 },
}

/** A flotilla that is ready. */
export async function readyScene(spec: Partial<SimSpec> = {}, options: RunOptions = {}): Promise<Scene> {
  const scene = stageBlank(spec, options)
  scene.run.start()
  await scene.until('the flotilla to be ready', 60_000, () => scene.run.daemon.status?.phase === 'Ready')
  scene.run.startFaults(() => undefined)
  return scene
}

/** A flotilla that nobody has begun to make. */
export function stageBlank(spec: Partial<SimSpec> = {}, options: RunOptions = {}): Scene {
  const scenario: Scenario = {
    ...{ seed: 7, spec: { ...plainSpec, ...spec }, faults: [], healAfterMs: 0 },
    writers: [{ everyMs: 60, waitFor: 0 }],
  }
  const run = new SimRun(scenario, options)
  const { clock } = run.world
  return {
    run,
    inject: fault => run.inject(fault),
    async until(what, withinMs, isSo) {
      const endMs = clock.monotonicMs() + withinMs
      while (!isSo()) {
        const nextAtMs = clock.nextAtMs
        if (nextAtMs === null || nextAtMs > endMs) {
          const { status } = run.daemon
          throw new Error(`waited ${withinMs} ms for ${what}; it is ${status?.phase}: ${status?.reason}`)
        }
        clock.fire()
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}

import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import { downMsMax } from './availability.js'
import type { SimWorld } from './sim-world.js'

/**
 * For how long a gateway that runs leads to somebody who takes no writes, or to nobody though somebody does;
 * as long as nothing keeps Flotilla from acting.
 */
export class GatewayRules {
  readonly #world: SimWorld
  #wrongSinceMs: number | null = null

  constructor(world: SimWorld) {
    this.#world = world
  }

  /** Why clients must not be led there now; null where they may be, or nobody is there to be reached. */
  whyNotLead(host: string): string | null {
    const process = this.#world.gateways.processAt(host)
    return process === null || process.upstream === null ? null : `${process.alias} is no master`
  }

  /** After every step. @returns for how long it has been wrong, on end, and how; null while it is right. */
  wrong(isBlocked: boolean): string | null {
    const { clock } = this.#world
    const reason = isBlocked ? null : this.#whyWrong()
    if (reason === null) {
      this.#wrongSinceMs = null
      return null
    }
    this.#wrongSinceMs ??= clock.monotonicMs()
    return clock.monotonicMs() - this.#wrongSinceMs > downMsMax ? reason : null
  }

  #whyWrong(): string | null {
    const { redis, gateways } = this.#world
    const masters = [...redis.processes].filter(({ upstream }) => upstream === null)
    const [master] = masters
    const gateway = gateways.running
    if (gateway === null || gateway.state !== 'running' || gateway.isCutOff) return null
    const led = [...gateway.inService.master.values()].map(({ host }) => gateways.processAt(host))
    const wrong = led.find(process => process !== null && process.upstream !== null)
    if (wrong !== undefined && wrong !== null)
      return `the gateway leads to ${wrong.alias}, which is no master`
    if (master === undefined || masters.length > 1 || !isWell(master)) return null
    return led.includes(master) ? null : `${master.alias} is master, and the gateway does not lead to it`
  }
}

function isWell({ state, frozen, offline }: FakeProcess): boolean {
  return state === 'well' && !frozen && !offline
}

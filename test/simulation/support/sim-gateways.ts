import { gatewayLabel } from '../../../src/runtime/labels.js'
import type { GatewayPort } from '../../../src/gateway/gateway.js'
import { createFakeGateways, type FakeGateways } from '../../fakes/gateway/fake-gateway.js'
import type { FakeGateway } from '../../fakes/gateway/gateway-process.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import type { FakeContainer } from '../../fakes/runtime/fake-world.js'
import type { FakeRedis } from '../../fakes/redis/fake-redis.js'
import type { FakeRuntime } from '../../fakes/runtime/fake-engine.js'
import type { Random } from '../../support/random.js'
import type { SimClock } from './sim-clock.js'

/** What the engine does by itself with a gateway that has ended: its restart policy. */
const restartMs = 100

/** What they stand in. */
interface Surroundings {
  readonly clock: SimClock
  readonly random: Random
  readonly engine: FakeRuntime
  readonly redis: FakeRedis
}

const flotilla = 'shop'

/** The gateways in the containers of a world. */
export class SimGateways {
  readonly gateways: FakeGateways
  /** Images whose gateways end as soon as they have started. */
  readonly endsAtOnce = new Set<string>()
  readonly #world: Surroundings

  constructor(world: Surroundings) {
    this.#world = world
    this.gateways = createFakeGateways({
      clock: world.clock,
      orderMs: () => world.random.spread(0.5, 4),
      ask: ({ host }) => {
        const process = this.processAt(host)
        if (process === null || process.state !== 'well' || process.frozen || process.offline) return null
        const isReplica = process.upstream !== null
        if (isReplica && process.link?.state !== 'up') return null
        return { role: isReplica ? 'replica' : 'master', replid: process.replid }
      },
    })
  }

  /** Of Flotilla. `onPoint` hears of every order before it is given. */
  connect(onPoint: (host: string) => void): GatewayPort {
    const port = this.gateways.connect()
    return {
      ...port,
      point: (target, pointing, options) => {
        if (pointing.master !== null) onPoint(pointing.master.host)
        return port.point(target, pointing, options)
      },
    }
  }

  processAt(host: string): FakeProcess | null {
    return [...this.#world.redis.processes].find(process => process.host === host && !process.offline) ?? null
  }

  /** What an event of the engine means for it. */
  hear(action: string, containerId: string, container: FakeContainer | null): void {
    const gateway = this.gateways.find(containerId)
    switch (action) {
      case 'start':
        if (container === null) return
        this.gateways.start({
          ...{ containerId, startedAtMs: container.startedAtMs },
          host: container.endpoints.get(flotilla)?.address ?? '',
        })
        if (this.endsAtOnce.has(container.spec.image)) this.#world.clock.after(1, () => this.crash())
        return
      case 'die':
        return gateway === null ? undefined : this.gateways.kill(gateway)
      case 'destroy':
        return this.gateways.forget(containerId)
      case 'pause':
        return gateway === null ? undefined : this.gateways.freeze(gateway)
      case 'unpause':
        return gateway === null ? undefined : this.gateways.thaw(gateway)
      default:
    }
  }

  /** It was taken off its network, or is on it again with another address. */
  noteAddresses(): void {
    for (const gateway of this.gateways.running) {
      const address =
        this.#world.engine.world.find(gateway.containerId)?.endpoints.get(flotilla)?.address ?? null
      gateway.isCutOff = address === null
      if (address !== null && address !== gateway.host) gateway.host = address
    }
  }

  get container(): FakeContainer | null {
    return [...this.#world.engine.world.containers.values()].find(isGateway) ?? null
  }

  get running(): FakeGateway | null {
    const { container } = this
    return container === null ? null : this.gateways.find(container.id)
  }

  /** kill -9: the engine starts it again. */
  crash(): void {
    const { container } = this
    if (container === null) return
    this.#world.engine.controls.exit(container.id, 137)
    if (container.state === 'exited') container.state = 'restarting'
    this.#world.clock.after(restartMs, () => {
      const there = this.#world.engine.world.find(container.id)
      if (there?.state === 'restarting') this.#world.engine.controls.start(container.id)
    })
  }
}

export function isGateway({ spec }: Pick<FakeContainer, 'spec'>): boolean {
  return gatewayLabel in spec.labels
}

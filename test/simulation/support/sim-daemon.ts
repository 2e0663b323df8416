import type { Clock } from '../../../src/clock.js'
import { startWakeups } from '../../../src/daemon/wakeups.js'
import type { EventSink } from '../../../src/events/catalogue.js'
import { digestOf } from '../../../src/manifest/digest.js'
import { emptyDesiredState } from '../../../src/manifest/desired-state.js'
import { parseManifest } from '../../../src/manifest/parse.js'
import type { FlotillaSpec } from '../../../src/model/spec.js'
import { Controller } from '../../../src/reconciler/loop/controller.js'
import { removeFlotilla } from '../../../src/reconciler/loop/remove-flotilla.js'
import type { Planner } from '../../../src/reconciler/loop/planner.js'
import type { ProcessState } from '../../../src/model/observation.js'
import { ownedRuntime } from '../../../src/ownership/owned-runtime.js'
import { Owner } from '../../../src/ownership/owner.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { createObserver } from '../../../src/reconciler/observe/create-observer.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import type { FakeCommandFault } from '../../fakes/redis/fake-port.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import type { EventHandlers, Runtime } from '../../../src/runtime/runtime.js'
import type { SecretRead } from '../../../src/secret-files.js'
import { StateStore } from '../../../src/state/state-store.js'
import { ProcessLife, killable, killableClock } from './process-life.js'
import type { MemoryFiles } from './memory-files.js'
import type { SimSpec } from './scenario.js'
import { flotilla, stateDirectory, type SimWorld } from './sim-world.js'

export interface FlotillaOptions {
  readonly world: SimWorld
  readonly planner: Planner
  readonly events: EventSink
  readonly commandFault: (order: string) => FakeCommandFault | null
  /** It is about to have the gateway lead clients of the master to this address. */
  readonly onPoint: (host: string) => void
  /** What becomes of an event of the engine: after how long it is heard, each time that it is. */
  readonly deliverEvent: () => readonly number[]
}

/**
 * Flotilla itself, as the daemon wires it together, that may be killed at any moment and started again on
 * what it left.
 */
export class SimDaemon {
  readonly #options: FlotillaOptions
  #processLife: ProcessLife | null = null
  #controller: Controller | null = null
  #spec: FlotillaSpec

  constructor(options: FlotillaOptions, spec: SimSpec) {
    this.#options = options
    this.#spec = specFor(spec)
  }

  get isUp(): boolean {
    return this.#processLife !== null
  }

  get status(): FlotillaStatus | null {
    return this.#controller?.statusOf(flotilla) ?? null
  }

  /** What it knows, this moment. */
  get snapshot() {
    return this.#controller?.snapshotOf(flotilla) ?? null
  }

  start(): void {
    if (this.#processLife !== null) return
    const { world, planner, events, commandFault, onPoint } = this.#options
    const processLife = new ProcessLife()
    const clock = killableClock(world.clock, processLife)
    const port = world.redis.connect({ faultOf: ({ kind }) => commandFault(kind) })
    const foreign = world.foreign.redis.connect()
    const gatewayPort = world.gateways.connect(onPoint)
    const gateway = killable(gatewayPort, processLife)
    const redis = killable(withForeign(port, foreign), processLife)
    const engine = this.#withEventFaults(killable(world.engine.runtime, processLife), processLife)
    const { store, runtime } = this.#openState(engine, { files: killable(world.files, processLife), clock })
    const controller = new Controller({
      observer: createObserver({
        ...{ runtime, redis, gateway, reach: 'container-ip', ownContainer: null },
        processState: pid => Promise.resolve(this.#processState(pid)),
        nowMs: () => clock.nowMs(),
        endOfTurn: () => clock.sleep(0),
      }),
      store,
      ...{ events, clock, planner, random: () => world.random.next(), flotillaVersion: 'simulated' },
      environment: name => world.environment.get(name),
    })
    processLife.onKill(startWakeups(controller, { redis, gateway, runtime }))
    processLife.onKill(() => port.close())
    processLife.onKill(() => gatewayPort.close())
    processLife.onKill(() => foreign.close())
    this.#processLife = processLife
    this.#controller = controller
    this.#applyDesired()
  }

  /** SIGKILL. */
  kill(): void {
    this.#processLife?.end()
    this.#processLife = null
    this.#controller = null
  }

  /** `flotilla down`, beside no daemon. */
  async takeDown({ removeVolumes }: { readonly removeVolumes: boolean }): Promise<void> {
    this.kill()
    const { store, runtime } = this.#openState(this.#options.world.engine.runtime)
    await removeFlotilla(
      { runtime, store, events: this.#options.events, ownNetworks: new OwnNetworks(runtime, null) },
      { flotilla, removeVolumes, signal: new AbortController().signal },
    )
  }

  edit(spec: SimSpec): void {
    this.#spec = specFor(spec)
    this.#applyDesired()
  }

  /** Its manifest is gone, and for so long that it is believed. */
  withdraw(): void {
    const deleted = [{ name: flotilla, spec: this.#spec }]
    this.#controller?.setDesired({ ...emptyDesiredState, deleted })
  }

  wake(): void {
    this.#controller?.wake(flotilla)
  }

  #openState(
    engine: Runtime,
    { files, clock }: { readonly files: MemoryFiles; readonly clock: Clock } = this.#options.world,
  ): { readonly store: StateStore; readonly runtime: Runtime } {
    const { random } = this.#options.world
    const readSecretFile = (path: string): Promise<SecretRead> => {
      const content = files.peek(path)
      return Promise.resolve(
        content === null
          ? { kind: 'refused', reason: 'is not there' }
          : { kind: 'read', bytes: Buffer.from(content) },
      )
    }
    const store = new StateStore(stateDirectory, { files, clock, readSecretFile })
    const owner = new Owner({
      ...{ directory: stateDirectory, runtime: engine, memories: store, files },
      randomBytes: size => Buffer.alloc(size, Math.floor(random.next() * 256)),
    })
    return { store, runtime: ownedRuntime(engine, owner) }
  }

  #applyDesired(): void {
    const spec = this.#spec
    const wanted = { spec, source: null, digest: digestOf(spec), diagnostics: [], missing: null }
    this.#controller?.setDesired({ ...emptyDesiredState, flotillas: new Map([[flotilla, wanted]]) })
  }

  /** Events come late, twice, or never. */
  #withEventFaults(runtime: Runtime, processLife: ProcessLife): Runtime {
    const { world, deliverEvent } = this.#options
    return new Proxy(runtime, {
      get(target, key): unknown {
        if (key !== 'watchEvents') return Reflect.get(target, key)
        return (handlers: EventHandlers, signal: AbortSignal): void =>
          target.watchEvents(
            {
              ...handlers,
              onEvent: event => {
                for (const afterMs of deliverEvent())
                  world.clock.after(afterMs, () => {
                    if (processLife.alive && !signal.aborted) handlers.onEvent(event)
                  })
              },
            },
            signal,
          )
      },
    })
  }

  #processState(pid: number | null): ProcessState | null {
    const { world } = this.#options
    const container = world.containers.find(one => one.pid !== null && one.pid === pid)
    const process = container === undefined ? null : world.redis.processOf(container.id)
    if (process === null) return 'gone'
    if (world.stopped.has(process)) return 'stopped'
    return process.state === 'busy' ? 'running' : 'sleeping'
  }
}

/** One port to all that there are: who is not ours is let in by a login of its own, or by none. */
function withForeign(own: RedisPort, foreign: RedisPort): RedisPort {
  return new Proxy(own, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const [node] = args
        const isForeign = typeof node === 'object' && node !== null && 'login' in node
        return isForeign
          ? Reflect.apply(Reflect.get(foreign, key) as typeof value, foreign, args)
          : Reflect.apply(value, target, args)
      }
    },
  })
}

/** Through the manifest, so that every default is the product's own. */
export function specFor(wanted: SimSpec): FlotillaSpec {
  const { replicas, persistence, image, minReplicas, mode, hangTimeoutMs, restartWindowMs, volumeNames } =
    wanted
  const more = [
    ...(wanted.more === undefined ? [] : [`  ${wanted.more}\n`]),
    ...(wanted.hibernate === true ? ['  hibernate: true\n'] : []),
  ].join('')
  const first = wanted.priority === undefined ? '' : `, priority: ${wanted.priority}`
  const volume = volumeNames === undefined ? '' : `, volume: { name: "${volumeNames}" }`
  const text = `
apiVersion: flotilla/v1
kind: RedisReplication
metadata: { name: ${flotilla} }
spec:
  image: ${image}
  replicas: ${replicas}
  persistence: { mode: ${persistence}${volume} }
  failover: { mode: ${mode}, hangTimeout: ${hangTimeoutMs}ms, restartWindow: ${restartWindowMs}ms${first} }
  durability: { minReplicasToWrite: ${Math.min(minReplicas, replicas)} }
${more}`
  const known = specs.get(text)
  if (known !== undefined) return known
  const { declared, diagnostics } = parseManifest(text, { file: 'shop.yaml' })
  const spec = declared[0]?.spec
  if (spec === undefined) throw new Error(`no manifest: ${JSON.stringify(diagnostics)}`)
  specs.set(text, spec)
  return spec
}

const specs = new Map<string, FlotillaSpec>()

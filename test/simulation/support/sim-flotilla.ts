import { wakeByWorld } from '../../../src/daemon/senses.js'
import type { EventSink } from '../../../src/events/catalogue.js'
import { digestOf } from '../../../src/manifest/digest.js'
import { noDesires } from '../../../src/manifest/desired.js'
import { parseManifest } from '../../../src/manifest/parse.js'
import type { FlotillaSpec } from '../../../src/manifest/spec.js'
import { Controller } from '../../../src/reconciler/controller.js'
import type { Mind } from '../../../src/reconciler/mind.js'
import type { ProcessState } from '../../../src/reconciler/observation.js'
import { ownedRuntime } from '../../../src/ownership/owned-runtime.js'
import { Owner } from '../../../src/ownership/owner.js'
import { openEyes } from '../../../src/reconciler/observe/open-eyes.js'
import type { FlotillaStatus } from '../../../src/reconciler/status/status.js'
import type { FakeOrderFault } from '../../../src/redis/fake/fake-port.js'
import type { EventHandlers, Runtime } from '../../../src/runtime/runtime.js'
import { StateStore } from '../../../src/state/state-store.js'
import { Life, mortal, mortalClock } from './life.js'
import type { SimSpec } from './scenario.js'
import { flotilla, stateDirectory, type SimWorld } from './sim-world.js'

export interface FlotillaOptions {
  readonly world: SimWorld
  readonly mind: Mind
  readonly events: EventSink
  readonly orderFault: (order: string) => FakeOrderFault | null
  /** What becomes of an event of the engine: after how long it is heard, each time that it is. */
  readonly hearEvent: () => readonly number[]
}

/** Flotilla itself, as the daemon wires it together, that may be killed at any moment and started again on what it left. */
export class SimFlotilla {
  readonly #options: FlotillaOptions
  #life: Life | null = null
  #controller: Controller | null = null
  #spec: FlotillaSpec

  constructor(options: FlotillaOptions, spec: SimSpec) {
    this.#options = options
    this.#spec = specFor(spec)
  }

  get isUp(): boolean {
    return this.#life !== null
  }

  get status(): FlotillaStatus | null {
    return this.#controller?.statusOf(flotilla) ?? null
  }

  /** What it knows, this moment. */
  get sight() {
    return this.#controller?.sightOf(flotilla) ?? null
  }

  start(): void {
    if (this.#life !== null) return
    const { world, mind, events, orderFault } = this.#options
    const life = new Life()
    const clock = mortalClock(world.clock, life)
    const port = world.redis.connect({ faultOf: ({ kind }) => orderFault(kind) })
    const redis = mortal(port, life)
    const engine = this.#hearing(mortal(world.engine.runtime, life), life)
    const files = mortal(world.files, life)
    const store = new StateStore(stateDirectory, { files, clock })
    const runtime = ownedRuntime(
      engine,
      new Owner({
        ...{ directory: stateDirectory, runtime: engine, memories: store, files },
        randomBytes: size => Buffer.alloc(size, Math.floor(world.random.next() * 256)),
      }),
    )
    const controller = new Controller({
      eyes: openEyes({
        ...{ runtime, redis, reach: 'container-ip', ownContainer: null },
        processState: pid => Promise.resolve(this.#processState(pid)),
        nowMs: () => clock.nowMs(),
        endOfTurn: () => clock.sleep(0),
      }),
      store,
      ...{ events, clock, mind, random: () => world.random.next(), flotillaVersion: 'simulated' },
      environment: () => undefined,
    })
    life.atDeath(wakeByWorld(controller, { redis, runtime }))
    life.atDeath(() => port.close())
    this.#life = life
    this.#controller = controller
    this.#tellWishes()
  }

  /** SIGKILL. */
  kill(): void {
    this.#life?.end()
    this.#life = null
    this.#controller = null
  }

  edit(spec: SimSpec): void {
    this.#spec = specFor(spec)
    this.#tellWishes()
  }

  /** Its manifest is gone, and for so long that it is believed. */
  withdraw(): void {
    const deleted = [{ name: flotilla, spec: this.#spec }]
    this.#controller?.setDesired({ ...noDesires, deleted })
  }

  wake(): void {
    this.#controller?.wake(flotilla)
  }

  #tellWishes(): void {
    const spec = this.#spec
    const wanted = { spec, source: null, digest: digestOf(spec), diagnostics: [], missing: null }
    this.#controller?.setDesired({ ...noDesires, flotillas: new Map([[flotilla, wanted]]) })
  }

  /** Events come late, twice, or never. */
  #hearing(runtime: Runtime, life: Life): Runtime {
    const { world, hearEvent } = this.#options
    return new Proxy(runtime, {
      get(target, key): unknown {
        if (key !== 'watchEvents') return Reflect.get(target, key)
        return (handlers: EventHandlers, signal: AbortSignal): void =>
          target.watchEvents(
            {
              ...handlers,
              onEvent: event => {
                for (const afterMs of hearEvent())
                  world.clock.after(afterMs, () => {
                    if (life.alive && !signal.aborted) handlers.onEvent(event)
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

/** Through the manifest, so that every default is the product's own. */
export function specFor(wanted: SimSpec): FlotillaSpec {
  const { replicas, persistence, image, minReplicas, mode, hangTimeoutMs, restartWindowMs, volumeNames } =
    wanted
  const more = wanted.more === undefined ? '' : `  ${wanted.more}\n`
  const volume = volumeNames === undefined ? '' : `, volume: { name: "${volumeNames}" }`
  const text = `
apiVersion: flotilla/v1
kind: RedisReplication
metadata: { name: ${flotilla} }
spec:
  image: ${image}
  replicas: ${replicas}
  persistence: { mode: ${persistence}${volume} }
  failover: { mode: ${mode}, hangTimeout: ${hangTimeoutMs}ms, restartWindow: ${restartWindowMs}ms }
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

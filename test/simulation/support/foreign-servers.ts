import { withWrite } from '../../fakes/redis/dataset.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import { createFakeRedis, type FakeRedis } from '../../fakes/redis/fake-redis.js'
import { isAlive, type FakeContainer } from '../../fakes/runtime/fake-world.js'
import { applicationUser } from '../../../src/model/acl-user.js'
import { passwordRule } from '../../../src/redis/acl.js'
import { Secret } from '../../../src/secret.js'
import type { RedisFacts } from '../../../src/model/redis.js'
import type { Clock } from '../../../src/clock.js'
import type { FakeRuntime } from '../../fakes/runtime/fake-engine.js'

/** A Redis of somebody else, in a container of theirs. */
export interface ForeignServer {
  readonly name: string
  /** `host`: that of its host, which no other container can join. */
  readonly network?: string
  /** Null lets everybody in. */
  readonly password?: string
  readonly info?: Partial<RedisFacts>
}

/**
 * Servers that are not ours, apart from those that are: what is promised of our nodes is not promised of
 * them. Each is a master with two keys, and keeps what it holds over its restarts.
 */
export class ForeignServers {
  readonly redis: FakeRedis
  readonly #engine: FakeRuntime
  readonly #servers = new Map<string, ForeignServer>()

  constructor(engine: FakeRuntime, clock: Clock) {
    this.#engine = engine
    this.redis = createFakeRedis({ clock })
  }

  has(name: string): boolean {
    return this.#servers.has(name)
  }

  /** Makes and starts it. */
  add(server: ForeignServer): void {
    this.#servers.set(server.name, server)
    const { name, network = 'web' } = server
    const { world } = this.#engine
    if (!world.networks.has(network)) world.addNetwork({ name: network, labels: {} })
    const id = world.create(
      {
        ...{ name, image: 'redis:1', command: [], labels: {}, mounts: [], dnsOptions: [], hostname: name },
        ...{ openFilesMax: 1_024, stopGraceSeconds: 1, publishPort: null },
        attachment: { network, links: [], aliases: [] },
      },
      [],
    )
    world.start(world.need(id))
  }

  isRunning(name: string): boolean {
    return this.redis.processOf(this.#engine.world.need(name).id) !== null
  }

  /** @throws when it does not run. */
  processOf(name: string): FakeProcess {
    const container = this.#engine.world.need(name)
    const process = this.redis.processOf(container.id)
    if (process === null) throw new Error(`${name} does not run`)
    return process
  }

  stop(name: string): void {
    this.#engine.controls.exit(this.#engine.world.need(name).id, 0)
  }

  start(name: string): void {
    this.#engine.controls.start(this.#engine.world.need(name).id)
  }

  /** What it holds goes, and it comes back with nothing. */
  empty(name: string): void {
    this.stop(name)
    this.redis.disks.delete(name)
    this.#isEmpty.add(name)
    this.start(name)
  }

  readonly #isEmpty = new Set<string>()

  /** The one at this address, for a container that is on its network. */
  lookUp(host: string, fromId: string): FakeProcess | null {
    const { world } = this.#engine
    const from = world.find(fromId)
    for (const process of this.redis.processes) {
      const container = world.find(process.containerId)
      if (process.host !== host || container === null || !isAlive(container)) continue
      const networks = [...container.endpoints.keys()]
      if (networks.some(one => one === 'host' || from?.endpoints.has(one) === true)) return process
    }
    return null
  }

  hear(action: string, container: FakeContainer): void {
    const running = this.redis.processOf(container.id)
    if (action === 'die' && running !== null) this.redis.kill(running)
    if (action === 'start') this.#run(container)
  }

  #run({ id, name, startedAtMs, endpoints }: FakeContainer): void {
    const { password, info = {} } = this.#servers.get(name) ?? {}
    const [endpoint] = endpoints.values()
    const process = this.redis.start({
      ...{
        alias: name,
        containerId: id,
        startedAtMs,
        volume: name,
        persistence: 'aof',
        credentials: nobodys,
      },
      host: endpoint?.address ?? '',
      upstream: { host: '', port: 0 },
    })
    process.upstream = null
    process.info = info
    const lets = password === undefined ? 'nopass' : passwordRule(password, applicationUser)
    process.users.set(applicationUser, ['on', lets])
    if (process.disk.aof === null && !this.#isEmpty.has(name))
      process.disk.aof = ['a', 'b'].reduce((data, key) => withWrite(data, key, 'theirs'), process.data)
  }
}

const nobodys = { control: new Secret('-'), replication: new Secret('-'), application: null }

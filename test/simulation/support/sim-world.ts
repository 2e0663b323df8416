import { aclFilePath, configFilePath } from '../../../src/redis/config.js'
import { cutPower, archiveDisk } from '../../fakes/redis/fake-disk.js'
import { endProcess } from '../../fakes/redis/fake-master.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import { createFakeRedis, type FakeRedis } from '../../fakes/redis/fake-redis.js'
import type { FakeChange } from '../../fakes/redis/fake-wire.js'
import type { FakeCall, FakeVolume, FakePace, FakeRuntime } from '../../fakes/runtime/fake-engine.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { isAlive, type FakeContainer } from '../../fakes/runtime/fake-world.js'
import { flotillaLabel, gatewayLabel, readNodeLabels, probeLabel } from '../../../src/runtime/labels.js'
import type { RuntimeEvent } from '../../../src/runtime/runtime.js'
import { Secret } from '../../../src/secret.js'
import { ForeignServers } from './foreign-servers.js'
import { MemoryFiles } from './memory-files.js'
import { Random } from '../../support/random.js'
import { SimClock } from './sim-clock.js'
import { gatewaySecrets } from './gateway-secrets.js'
import { isGateway, SimGateways } from './sim-gateways.js'
import type { NodeCredentials, RedisFacts, Upstream } from '../../../src/model/redis.js'

/** When every world begins, ms. */
export const startMs = Date.UTC(2026, 10, 23, 12)
export const flotilla = 'shop'
export const stateDirectory = '/state'
export const recordPath = `${stateDirectory}/${flotilla}.json`

export const credentials: NodeCredentials = {
  control: new Secret('control'),
  replication: new Secret('replication'),
  application: new Secret('application'),
}

/** How the world is just now. What begins as 0 or null is well. */
export interface Delays {
  syncMs: number
  loadMs: number
}

/** An engine with Redis in its containers, their volumes, and the disk that Flotilla's own state is on. */
export class SimWorld {
  readonly clock = new SimClock(startMs)
  readonly random: Random
  readonly engine: FakeRuntime
  readonly redis: FakeRedis
  readonly files: MemoryFiles
  readonly gateways: SimGateways
  /** Redis of somebody else, which a flotilla may follow. */
  readonly foreign: ForeignServers
  /** What servers of an image say of themselves, where that is not as usual. */
  readonly serverInfo = new Map<string, Partial<RedisFacts>>()
  readonly delays: Delays = { syncMs: 0, loadMs: 0 }
  /** Stopped by a signal. */
  readonly stopped = new WeakSet<FakeProcess>()
  /** Variables of the daemon's environment. */
  readonly environment = new Map<string, string>()
  /** What a throwaway server of an image says, where that is not as usual. */
  readonly trialServers = new Map<string, ProbeServer>()
  readonly #trialOptions = new Map<string, string>()
  onChange: (change: FakeChange) => void = () => undefined
  /** A person has started something by hand: what they do to a volume in use is theirs. */
  startedByHand = false
  /**
   * Something is moved or removed that a process still uses, or the like: the world tells what nobody may do.
   */
  onMisuse: (what: string) => void = () => undefined

  constructor(seed: number) {
    const random = new Random(seed)
    this.random = random
    const { clock, delays } = this
    this.files = new MemoryFiles(clock, () => random.spread(0.2, 8))
    this.redis = createFakeRedis({
      clock,
      timing: {
        bootMs: () => random.spread(8, 60),
        loadMs: () => delays.loadMs || random.spread(1, 40),
        packetMs: () => random.spread(0.1, 2),
        syncMs: () => delays.syncMs || random.spread(3, 80),
        rewriteMs: () => random.spread(2, 200),
      },
      lookUp: (upstream, from) => this.#lookUp(upstream, from),
      onChange: change => this.onChange(change),
      onShutDown: ({ containerId }) => this.engine.controls.exit(containerId, 0),
    })
    this.engine = createFakeRuntime({
      clock,
      paceOf: call => this.#paceOf(call),
      onEvent: event => this.#hear(event),
      exec: ({ image }, command) => ({
        ...{ exitCode: 0, stderr: '' },
        stdout: probeServerReply(this.trialServers.get(image) ?? {}, command, this.#trialOptions),
      }),
      diskOf: container => this.#diskOf(container),
      terminate: (container, graceMs) => this.#terminate(container, graceMs),
    })
    this.gateways = new SimGateways(this)
    this.foreign = new ForeignServers(this.engine, clock)
    // One names its user, of the other a container has to be asked.
    this.engine.controls.addImage('redis:1', { user: '999' })
    this.engine.controls.addImage('redis:2')
    this.engine.controls.addImage('haproxy:3.2', { user: '99' })
    const secrets = {
      control: credentials.control.reveal(),
      replication: credentials.replication.reveal(),
      application: credentials.application?.reveal(),
    }
    this.files.put(`${stateDirectory}/secrets/${flotilla}.json`, JSON.stringify(secrets))
    this.files.put(`${stateDirectory}/secrets/${flotilla}.gateway.json`, gatewaySecrets)
  }

  get containers(): readonly FakeContainer[] {
    return [...this.engine.world.containers.values()].filter(
      ({ spec }) => readNodeLabels(spec.labels) !== null,
    )
  }

  containerOf(node: number | 'master'): FakeContainer | null {
    const isIt = ({ name, spec }: FakeContainer): boolean =>
      node === 'master' ? name === `${flotilla}-master` : readNodeLabels(spec.labels)?.ordinal === node
    return this.containers.find(isIt) ?? null
  }

  processOf(node: number | 'master'): FakeProcess | null {
    const container = this.containerOf(node)
    return container === null ? null : this.redis.processOf(container.id)
  }

  /** The process that a client on the flotilla's network finds under this name. */
  lookUpName(name: string): FakeProcess | null {
    for (const container of this.engine.world.containers.values()) {
      if (!isAlive(container)) continue
      const endpoint = container.endpoints.get(flotilla)
      if (endpoint === undefined || endpoint.address === null) continue
      // Docker resolves names without regard to case.
      if (container.name.toLowerCase() === name || endpoint.aliases.includes(name))
        return this.redis.processOf(container.id)
    }
    return null
  }

  stop(process: FakeProcess): void {
    this.stopped.add(process)
    this.#freezeOrThaw(process)
  }

  resume(process: FakeProcess): void {
    this.stopped.delete(process)
    this.#freezeOrThaw(process)
  }

  /** Every process ends; what others have on the engine has a restart policy. */
  restartEngine(): void {
    this.engine.controls.restartEngine()
    for (const container of this.engine.world.containers.values())
      if (!(flotillaLabel in container.spec.labels) || isGateway(container))
        this.engine.world.start(container)
  }

  /** The machine loses its power: nothing is told to anybody, and what was not synced is gone. */
  cutPower(): void {
    this.restartEngine()
    for (const disk of this.redis.disks.values()) cutPower(disk)
    this.files.cutPower()
  }

  #lookUp({ host }: Upstream, from: FakeProcess): FakeProcess | null {
    const own = this.engine.world.find(from.containerId)?.endpoints.get(flotilla)
    const foreign = this.foreign.lookUp(host, from.containerId)
    if (foreign !== null) return foreign
    const link = own?.links.find(one => one.endsWith(`:${host}`))
    return this.lookUpName(link === undefined ? host : (link.split(':')[0] ?? host))
  }

  #hear(event: RuntimeEvent): void {
    if (event.type === 'network') return this.#noteAddresses()
    if (event.type === 'volume') {
      if (event.action === 'destroy') this.redis.disks.delete(event.id)
      return
    }
    const container = this.engine.world.find(event.id)
    if (gatewayLabel in event.labels) return this.gateways.hear(event.action, event.id, container)
    if (container !== null && this.foreign.has(container.name))
      return this.foreign.hear(event.action, container)
    const process = this.redis.processOf(event.id)
    switch (event.action) {
      case 'start':
        return container === null ? undefined : this.#run(container)
      case 'die':
        return process === null ? undefined : this.redis.kill(process)
      case 'pause':
      case 'unpause':
        return process === null ? undefined : this.#freezeOrThaw(process)
      default:
    }
  }

  #freezeOrThaw(process: FakeProcess): void {
    const paused = this.engine.world.find(process.containerId)?.state === 'paused'
    if (paused || this.stopped.has(process)) this.redis.freeze(process)
    else this.redis.thaw(process)
  }

  #noteAddresses(): void {
    this.gateways.noteAddresses()
    for (const process of this.redis.processes) {
      const address = this.engine.world.find(process.containerId)?.endpoints.get(flotilla)?.address ?? null
      if (address === process.host) continue
      this.redis.cutOff(process)
      if (address !== null) this.redis.rejoin(process, address)
    }
  }

  #run(container: FakeContainer): void {
    if (probeLabel in container.spec.labels) return this.#runProbe(container)
    // What strangers run is theirs.
    if (readNodeLabels(container.spec.labels) === null) return
    const volume = container.spec.mounts[0]?.volume ?? ''
    const others = [...this.redis.processes].filter(one => one.disk === this.redis.disks.get(volume))
    const config = container.files.get(configFilePath)?.content ?? ''
    // Without its configuration it would be a master that anybody may write to.
    if (config === '') this.onMisuse(`${container.name} is started without its configuration`)
    const alias = container.endpoints.get(flotilla)?.aliases[0] ?? container.name
    const process = this.redis.start({
      ...{ alias, containerId: container.id, startedAtMs: container.startedAtMs, volume, credentials },
      host: container.endpoints.get(flotilla)?.address ?? '',
      persistence: /^appendonly yes/m.test(config) ? 'aof' : /^save \d/m.test(config) ? 'rdb' : 'none',
      upstream: { host: 'master', port: 6379 },
    })
    const acl = container.files.get(aclFilePath)?.content
    if (acl !== undefined) process.users = parseAclFile(acl)
    const masterauth = /^masterauth "(.*)"$/m.exec(config)?.[1]
    if (masterauth !== undefined) process.config.set('masterauth', masterauth)
    process.info = this.serverInfo.get(container.spec.image) ?? {}
    if (others.length > 0 && !this.startedByHand) this.onMisuse(`two processes run on the volume ${volume}`)
  }

  /** A server that an image is tried on serves nobody; see probeServerReply for what it says. */
  #runProbe(container: FakeContainer): void {
    const { lacks } = this.trialServers.get(container.spec.image) ?? {}
    const config = container.files.get(configFilePath)?.content ?? ''
    const line = config.split('\n').find(one => lacks !== undefined && one.startsWith(`${lacks} `))
    if (line === undefined) return
    const { controls } = this.engine
    for (const text of [`>>> '${line}'`, 'Bad directive or wrong number of arguments'])
      controls.writeLog(container.id, text)
    this.clock.after(1, () => controls.exit(container.id, 1))
  }

  /**
   * What Flotilla sees of a volume, and does to it, through a container that is never started; see
   * set-aside.ts.
   */
  #diskOf(container: FakeContainer): FakeVolume | null {
    const volume = container.spec.mounts[0]?.volume ?? ''
    const disk = this.redis.disks.get(volume)
    if (disk === undefined) return null
    const file = { kind: 'file', mode: 0o644, sizeBytes: 100, modifiedAtMs: 0 } as const
    const archive = (name: string) => disk.archives.some(({ folder }) => `/data/set-aside/${folder}` === name)
    return {
      find(path) {
        if (path === '/data/set-aside') return disk.archives.length > 0 ? { ...file, kind: 'folder' } : null
        if (path === '/data/dump.rdb') return disk.snapshot === null ? null : file
        if (path === '/data/appendonly.aof') return disk.aof === null ? null : file
        return archive(path) ? { ...file, kind: 'folder' } : null
      },
      read: () => null,
      make: paths => {
        const users = [...this.redis.processes].filter(one => one.disk === disk)
        if (users.length > 0 && !this.startedByHand)
          this.onMisuse(`what is on the volume ${volume} is moved while a process uses it`)
        const folder = paths
          .find(({ kind }) => kind === 'hard-link')
          ?.path.replace(/^\/data\/set-aside\/([^/]*)\/.*$/, '$1')
        const moves = paths.some(({ kind, path }) => kind === 'file' && !path.startsWith('/data/set-aside/'))
        if (folder !== undefined) archiveDisk(disk, { folder, mode: moves ? 'aof' : 'rdb', kept: 3 })
      },
    }
  }

  async #terminate(container: FakeContainer, graceMs: number): Promise<number> {
    const process = this.redis.processOf(container.id)
    if (process === null) return 0
    if (await this.redis.terminate(process)) return 0
    // A stopped process hears nothing but SIGKILL.
    await this.clock.sleep(graceMs)
    endProcess(this.redis.wire, process)
    return 137
  }

  #paceOf({ method }: FakeCall): FakePace {
    const usualMs = usualCallMs[method] ?? 1
    const tookMs =
      usualMs * this.random.spread(0.4, 3) + (this.random.chance(0.01) ? 500 * this.random.next() : 0)
    const beforeMs = tookMs * this.random.next()
    return { beforeMs, afterMs: tookMs - beforeMs }
  }
}

/** `user <name> <rule> …` on each line. */
function parseAclFile(text: string): Map<string, readonly string[]> {
  const users = text.split('\n').map(line => line.split(' '))
  return new Map(users.flatMap(([word, name = '', ...rules]) => (word === 'user' ? [[name, rules]] : [])))
}

/** Left out, all is well. */
interface ProbeServer {
  /** It never answers. */
  readonly isDead?: boolean
  readonly rdbVersion?: number
  /** What CONFIG SET says. */
  readonly refuses?: string
  /** An option that it does not know: CONFIG SET says so, and it ends over a file that has it. */
  readonly lacks?: string
}

/** What redis-cli says in a throwaway container; see trial-container.ts. */
function probeServerReply(
  { isDead = false, rdbVersion = 10, refuses, lacks }: ProbeServer,
  [, command = '', ...words]: readonly string[],
  options: Map<string, string>,
): string {
  if (isDead) return ''
  if (command === 'INFO') return 'redis_version:7.0.15\r\n'
  // The two bytes of the version, the low one first.
  if (command === 'EVAL') return `${rdbVersion}\n0\n`
  if (command !== 'CONFIG') return '\n'
  const [verb, ...given] = words
  if (verb === 'GET') return [...options].flat().join('\n')
  if (refuses !== undefined) return `${refuses}\n`
  if (lacks !== undefined && given.includes(lacks))
    return `ERR Unknown option or number of arguments for CONFIG SET - '${lacks}'\n`
  for (let index = 0; index < given.length; index += 2)
    options.set(given[index] ?? '', given[index + 1] ?? '')
  return 'OK\n'
}

/** Measured on an engine, as far as they matter. */
const usualCallMs: Partial<Record<FakeCall['method'], number>> = {
  createContainer: 13,
  startContainer: 150,
  renameContainer: 10,
  killContainer: 60,
  removeContainer: 12,
  stopContainer: 40,
  createNetwork: 20,
}

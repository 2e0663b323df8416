import type { Clock } from '../../../src/clock.js'
import type { PersistenceSpec } from '../../../src/model/spec.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import { emptyDisk, readDisk, type FakeDisk } from './fake-disk.js'
import { endProcess, masterCron, readFromReplica } from './fake-master.js'
import { createFakePort, type FakePortOptions } from './fake-port.js'
import {
  beginLineage,
  hash,
  saveSnapshot,
  setFrozen,
  usersOf,
  whenAwake,
  type FakeProcess,
} from './fake-process.js'
import { readFromMaster, replicaCron } from './fake-replica.js'
import { acceptsFrom, plainTransport, endpointInto } from './fake-transport.js'
import { shortTiming, type FakeChange, type FakeTiming, type FakeWire } from './fake-wire.js'
import type { NodeCredentials, NodeTarget, TransportFacts, Upstream } from '../../../src/model/redis.js'

/** Simulated Redis processes, and Flotilla's ports to them. */
export interface FakeRedis {
  readonly wire: FakeWire
  /** By the name of the volume. */
  readonly disks: Map<string, FakeDisk>
  /** Those that run. */
  readonly processes: Iterable<FakeProcess>
  start(start: FakeStart): FakeProcess
  /** The process of a container; null when none runs. */
  processOf(containerId: string): FakeProcess | null
  /** kill -9. */
  kill(process: FakeProcess): void
  /**
   * SIGTERM: takes no more writes, saves where it has save points, ends. Resolves then; false when it can't
   * hear.
   */
  terminate(process: FakeProcess): Promise<boolean>
  freeze(process: FakeProcess): void
  thaw(process: FakeProcess): void
  /**
   * It has no address any more: connections stand and nothing passes. Those that stood before never recover.
   */
  cutOff(process: FakeProcess): void
  rejoin(process: FakeProcess, host: string): FakeProcess
  /** A port of its own: another Flotilla. */
  connect(options?: Partial<Pick<FakePortOptions, 'faultOf'>>): RedisPort
}

export interface FakeStart {
  readonly alias: string
  readonly containerId: string
  readonly startedAtMs: number | null
  readonly host: string
  readonly port?: number
  /** Where it listens; in plain text at its port, unless told. */
  readonly transport?: TransportFacts
  readonly volume: string
  readonly persistence: PersistenceSpec['mode']
  readonly credentials: NodeCredentials
  readonly upstream: Upstream
  /** Until it is told otherwise, it reads its disk for ever. */
  readonly slowLoad?: boolean
}

/**
 * Redis in memory, in the time of a clock: histories and offsets, partial and full synchronisation, what a
 * volume keeps, a cron of one second, packets that take their time and may lie unread. After Redis 7.0; it
 * passes the contract suite that real servers pass.
 *
 * `lookUp` finds the process that a name leads to as another one sees it; without it, by alias or address.
 */
export function createFakeRedis({
  clock,
  timing = shortTiming,
  lookUp,
  onChange = () => undefined,
  onShutDown,
}: {
  readonly clock: Clock
  readonly timing?: FakeTiming
  readonly lookUp?: FakeWire['lookUp']
  readonly onChange?: (change: FakeChange) => void
  /** SHUTDOWN: its process is to end; left out, it does. */
  readonly onShutDown?: (process: FakeProcess) => void
}): FakeRedis {
  const processes = new Map<string, FakeProcess>()
  const disks = new Map<string, FakeDisk>()
  let runs = 0

  const wire: FakeWire = {
    clock,
    timing,
    onChange,
    lookUp:
      lookUp ??
      ((upstream, from) =>
        find(
          process =>
            [process.alias, process.host].includes(upstream.host) && acceptsFrom(process, upstream, from),
        )),
    atReplica: (link, message) => readFromMaster(wire, link, message),
    atMaster: (link, message) => readFromReplica(wire, link, message),
  }

  function find(isIt: (process: FakeProcess) => boolean): FakeProcess | null {
    for (const process of processes.values()) if (isIt(process)) return process
    return null
  }

  const at = (target: NodeTarget): FakeProcess | null =>
    find(process => process.host === target.host && endpointInto(process, target) !== null)

  function beat(process: FakeProcess, count: number): void {
    process.cancelCron = clock.after(1_000, () => {
      if (!process.frozen && process.state !== 'starting') {
        process.disk.aofSynced = process.disk.aof
        if (process.state !== 'loading' || process.link !== null) replicaOrMaster(process, count)
      }
      beat(process, count + 1)
    })
  }

  function replicaOrMaster(process: FakeProcess, count: number): void {
    if (process.upstream !== null) replicaCron(wire, process)
    masterCron(wire, process, count)
  }

  /** Listens, then reads its disk, as the replica that it is born as. */
  function boot(process: FakeProcess, slowLoad: boolean): void {
    clock.after(timing.bootMs(), () =>
      whenAwake(process, () => {
        process.state = 'loading'
        if (slowLoad) return
        clock.after(timing.loadMs(process), () => whenAwake(process, () => beginLife(process)))
      }),
    )
  }

  function beginLife(process: FakeProcess): void {
    const { data, lineage } = readDisk(process.disk, process.persistence)
    process.data = data
    process.state = 'well'
    if (lineage !== null) Object.assign(process, { ...lineage, cached: true })
    if (process.persistence === 'aof') process.disk.aof = data
  }

  function cutOff(process: FakeProcess): void {
    process.offline = true
    const links = [process.link, ...process.followers.map(({ link }) => link)]
    for (const link of links) if (link !== null) link.broken = true
  }

  function kill(process: FakeProcess): void {
    if (processes.get(process.containerId) === process) processes.delete(process.containerId)
    endProcess(wire, process)
  }

  return {
    wire,
    disks,
    get processes() {
      return processes.values()
    },
    start(start) {
      const { volume, upstream, port = 6379, slowLoad = false, ...rest } = start
      const transport = start.transport ?? plainTransport(port)
      const disk = disks.get(volume) ?? emptyDisk()
      disks.set(volume, disk)
      runs += 1
      const process: FakeProcess = {
        ...{ ...rest, port, transport, disk, upstream: { host: upstream.host, port: upstream.port } },
        ...{ runId: hash(`run ${runs}`), bornAtMs: clock.monotonicMs(), state: 'starting' },
        ...{ frozen: false, offline: false, slowMs: 0, replid: '', previous: null, offset: 0 },
        ...{ data: readDisk(emptyDisk(), 'none').data, cached: false, link: null, linkLostAtMs: null },
        ...{ backlog: null, followers: [], forkUntilMs: 0, aofIsCurrent: true },
        ...{
          savePoints: start.persistence === 'rdb',
          lastSaveAtMs: null,
          diskIsFull: false,
          usedBytes: 1_000_000,
        },
        ...{
          config: new Map(),
          users: usersOf(rest.credentials),
          unknownOptions: new Set(),
          renamed: new Map(),
          closers: new Set(),
          clients: new Set(),
          sentinels: new Set(),
        },
        ...{ info: {}, hasBadCertificate: false, turnsAway: null, renamedCalls: 0 },
        ...{ syncs: { full: 0, partialOk: 0, partialRefused: 0 } },
        ...{ pausedUntilMs: 0, pausedWrites: [], waiters: [], inbox: [], cancelCron: () => undefined },
      }
      beginLineage(process)
      processes.set(process.containerId, process)
      boot(process, slowLoad)
      beat(process, 0)
      return process
    },
    processOf: containerId => processes.get(containerId) ?? null,
    kill,
    async terminate(process) {
      if (process.frozen || process.state === 'ended') return false
      process.pausedUntilMs = Infinity
      await clock.sleep(timing.packetMs())
      if (process.state === 'well' && process.savePoints) saveSnapshot(process)
      kill(process)
      return true
    },
    freeze: process => setFrozen(process, true),
    thaw: process => setFrozen(process, false),
    cutOff,
    rejoin(process, host) {
      process.offline = false
      process.host = host
      return process
    },
    connect: ({ faultOf = () => null } = {}) =>
      createFakePort({ wire, at, faultOf, end: onShutDown ?? kill }),
  }
}

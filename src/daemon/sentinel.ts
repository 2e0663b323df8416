import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.js'
import { explainError } from '../errors.js'
import type { Journal } from '../events/journal/journal.js'
import type { NetworkEndpoint } from '../model/engine.js'
import type { Controller } from '../reconciler/loop/controller.js'
import type { SentinelOptions, SentinelStats } from '../sentinel/server.js'
import type { MasterSets } from '../sentinel/directory.js'
import type { masterSetOf as MasterSetOf } from '../sentinel/master-set.js'
import type { Session } from '../session/session.js'
import { SentinelListeners } from './sentinel-listeners.js'
import type { SentinelSetting } from './sentinel-setting.js'
import { ownAddresses, Subnets } from './subnets.js'

export interface SentinelService {
  /** A pass over it has ended. */
  notePass(flotilla: string): void
  /** Null where the protocol is not spoken. */
  stats(): SentinelStats | null
  close(): Promise<void>
}

/**
 * Answers as a Redis Sentinel, where that was asked for. An address that this machine does not have yet, such
 * as that of a network's bridge before the network is made, is listened at as soon as it has it.
 * @throws FlotillaError sentinel/address-taken, sentinel/unsafe for an address that can be reached from other
 * machines while no password is asked for.
 */
export async function serveSentinel(
  setting: SentinelSetting,
  daemon: {
    readonly controller: Controller
    readonly session: Session
    readonly journal: Journal
    readonly clock: Clock
    readonly version: string
  },
): Promise<SentinelService> {
  if (setting.addresses.length === 0) return noSentinel
  // Loaded here, because a daemon that was not asked for it need not hold it in memory.
  const [{ SentinelServer }, { addressFor, askerOf }, { masterSetOf }] = await Promise.all([
    import('../sentinel/server.js'),
    import('../sentinel/asker.js'),
    import('../sentinel/master-set.js'),
  ])
  const { controller, session, journal, clock, version } = daemon
  const { engine, reach, store } = session
  const subnets = new Subnets(session.runtime, clock)
  const sets = masterSets(daemon, masterSetOf)
  const reachability = { mode: reach.mode, hostIsApart: engine.desktop || engine.rootless }
  const whoAsks: SentinelOptions['askerOf'] = async ends => {
    const facts = { ...ends, ownAddresses: ownAddresses(), isInContainer: reach.mode === 'network' }
    const asker = askerOf({ ...facts, networks: subnets.known })
    if (asker.kind !== 'outside') return asker
    await subnets.refresh()
    return askerOf({ ...facts, networks: subnets.known })
  }
  const isUnknown = ({ networkId }: NetworkEndpoint): boolean =>
    networkId !== null && !subnets.known.some(known => known.networkId === networkId)
  const server = new SentinelServer({
    ...{ sets, clock, password: setting.password, flotillaVersion: version },
    book: (asker, node) => addressFor(asker, node, reachability),
    askerOf: whoAsks,
    myId: createHash('sha1').update(`sentinel ${hostname()} ${store.directory}`).digest('hex'),
    onError: error => journal.publish('sentinel.failed', { error: explainError(error) }),
  })
  await subnets.refresh()
  const unsubscribe = journal.onRecord(({ event, flotilla }) => {
    if (flotilla !== null && changesMaster.test(event)) server.refresh(flotilla)
  })
  const listeners = new SentinelListeners(setting, { server, subnets, events: journal, clock })
  try {
    await listeners.start()
  } catch (error) {
    unsubscribe()
    await server.close()
    throw error
  }
  return {
    notePass(flotilla) {
      server.refresh(flotilla)
      const nodes = controller.snapshotOf(flotilla)?.assessment.input.seen.nodes ?? []
      if (nodes.some(({ container }) => container.networks.some(isUnknown))) void subnets.refresh()
    },
    stats: () => server.stats,
    async close() {
      unsubscribe()
      listeners.stop()
      await server.close()
    },
  }
}

/** What the controller knows by now of each flotilla. */
function masterSets(
  { controller, session }: { readonly controller: Controller; readonly session: Session },
  masterSetOf: typeof MasterSetOf,
): MasterSets {
  const { liveness } = session.observer
  return {
    names: () => controller.names,
    engineAnswers: () => controller.engineAnswers,
    of(name) {
      const snapshot = controller.snapshotOf(name)
      if (snapshot === null) return null
      const { memory, status, assessment } = snapshot
      return masterSetOf({ ...assessment.input, memory, status, isSilent: liveness.isSilent.bind(liveness) })
    },
  }
}

/** Events that come before and after each change of masters. */
const changesMaster = /^(master|failover|operation)\./

/** Where the protocol is not spoken. */
export const noSentinel: SentinelService = {
  notePass: () => undefined,
  stats: () => null,
  close: () => Promise.resolve(),
}

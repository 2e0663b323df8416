import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { NodeTarget, Probe, RedisPort, Upstream } from '../redis.js'
import { describeNode, runFakeCommand } from './fake-facts.js'
import { beginLineage, settleReplication, type FakeNode } from './fake-node.js'

export interface FakeRedis {
  readonly port: RedisPort
  /** Every order given, oldest first: `promote shop-1`, `follow shop-2 shop-1:6379`, `config shop-1 hz=10`. */
  readonly orders: string[]
  /**
   * Starts the process of a node: a replica of `upstream` (itself, unless told), with the data that the alias had before.
   * Its run ends with `kill` or with the next `start`.
   */
  start(target: NodeTarget, options?: { readonly upstream?: Upstream; readonly empty?: boolean }): FakeNode
  /** The process is gone at once; kept connections to it are lost. */
  kill(nodeAlias: string): void
  /** The state of a node, to look at and to change. */
  node(nodeAlias: string): FakeNode
  /** The next order of this kind to this node fails. */
  failNext(
    nodeAlias: string,
    order: 'promote' | 'follow' | 'pause' | 'resume' | 'config' | 'command',
    error: FlotillaError,
  ): void
}

/**
 * Redis in memory, for tests of whoever uses the port. Models roles, lineages, links, offsets and a handful of commands; no time passes in
 * it: links that can come up are up at the next look, and a node that won't answer fails its caller at once instead of at the deadline.
 *
 * `resolve` names the node that a host and port lead to as another node sees it, for the role names that only a container engine knows.
 */
export function createFakeRedis({
  clock,
  resolve = () => null,
}: {
  readonly clock: Clock
  /** A node alias, or null for what only this fake's own aliases and addresses can tell. */
  readonly resolve?: (upstream: Upstream, from: FakeNode) => string | null
}): FakeRedis {
  const nodes = new Map<string, FakeNode>()
  const kept = new Map<string, NodeTarget>()
  const listeners = new Set<(node: NodeTarget) => void>()
  const faults: { nodeAlias: string; order: string; error: FlotillaError }[] = []
  const orders: string[] = []

  const find = (upstream: Upstream, from: FakeNode): FakeNode | null => {
    const alias = resolve(upstream, from)
    if (alias !== null) return nodes.get(alias) ?? null
    const isIt = ({ target }: FakeNode): boolean =>
      (target.nodeAlias === upstream.host && upstream.port === 6379) ||
      (target.host === upstream.host && target.port === upstream.port)
    return [...nodes.values()].find(isIt) ?? null
  }
  const at = (target: NodeTarget): FakeNode | null => {
    settleReplication([...nodes.values()], find)
    const node = nodes.get(target.nodeAlias)
    return node?.running === true && node.target.containerId === target.containerId ? node : null
  }
  const lose = (nodeAlias: string): void => {
    for (const target of [...kept.values()])
      if (target.nodeAlias === nodeAlias) {
        kept.delete(target.containerId)
        for (const listener of [...listeners]) listener(target)
      }
  }

  function known(nodeAlias: string): FakeNode {
    const node = nodes.get(nodeAlias)
    if (node === undefined) throw new Error(`no fake node ${nodeAlias} was ever started`)
    return node
  }

  function kill(nodeAlias: string): void {
    known(nodeAlias).running = false
    lose(nodeAlias)
  }

  function probe(target: NodeTarget): Probe {
    const node = at(target)
    if (node === null) return { kind: 'refused', reason: 'nothing listens at its address (ECONNREFUSED)' }
    if (node.state === 'frozen') {
      const metBefore = kept.has(target.containerId)
      kept.set(target.containerId, target)
      return {
        kind: metBefore ? 'hung' : 'silent',
        reason: 'it said nothing',
        lastByteAtMs: node.lastByteAtMs,
      }
    }
    node.lastByteAtMs = clock.nowMs()
    if (target.credentials.control.reveal() !== node.target.credentials.control.reveal())
      return { kind: 'denied', cause: 'credentials', reason: 'it does not accept our password (WRONGPASS)' }
    kept.set(target.containerId, target)
    if (node.state === 'busy')
      return { kind: 'busy', reason: 'a script has run for long and blocks it (BUSY)' }
    const followers = [...nodes.values()].filter(
      ({ upstream, link }) => link === 'up' && upstream !== null && find(upstream, node) === node,
    )
    return { kind: node.state === 'loading' ? 'loading' : 'answered', facts: describeNode(node, followers) }
  }

  function give(target: NodeTarget, kind: string, words: string): FakeNode {
    orders.push(`${kind} ${target.nodeAlias}${words === '' ? '' : ` ${words}`}`)
    const fault = faults.find(each => each.nodeAlias === target.nodeAlias && each.order === kind)
    if (fault !== undefined) {
      faults.splice(faults.indexOf(fault), 1)
      throw fault.error
    }
    const seen = probe(target)
    const node = nodes.get(target.nodeAlias)
    if (seen.kind === 'denied')
      throw new FlotillaError('redis/denied', `${target.nodeAlias}: ${kind}: ${seen.reason}`)
    if (seen.kind === 'refused' || node === undefined)
      throw new FlotillaError(
        'redis/unreachable',
        `${target.nodeAlias}: ${kind}: nothing listens at its address`,
      )
    const allowed = seen.kind === 'answered' || (seen.kind === 'loading' && kind === 'config')
    if (!allowed)
      throw new FlotillaError('redis/timeout', `${target.nodeAlias}: ${kind}: it is ${node.state}`)
    return node
  }

  const port: RedisPort = {
    probe: async target => probe(target),
    ping: async target =>
      kept.has(target.containerId) && !['refused', 'silent', 'hung'].includes(probe(target).kind),
    promote: async target => {
      const node = give(target, 'promote', '')
      if (node.upstream === null) return
      node.upstream = null
      beginLineage(node)
    },
    follow: async (target, upstream) => {
      const node = give(target, 'follow', `${upstream.host}:${upstream.port}`)
      node.upstream = upstream
    },
    pauseWrites: async (target, { forMs }) => {
      give(target, 'pause', String(forMs)).pausedUntilMs = clock.nowMs() + forMs
    },
    resumeWrites: async target => {
      give(target, 'resume', '').pausedUntilMs = 0
    },
    dropClients: async target => {
      give(target, 'drop-clients', '')
      return 0
    },
    setConfig: async (target, config) => {
      const words = Object.entries(config).map(([name, value]) => `${name}=${value}`)
      const node = give(target, 'config', words.join(' '))
      const unknown = Object.keys(config).filter(name => node.unknownOptions.has(name))
      for (const [name, value] of Object.entries(config))
        if (!node.unknownOptions.has(name)) node.config.set(name, value)
      return unknown
    },
    command: async (target, command) => {
      const node = give(target, 'command', command[0] ?? '')
      // A paused write waits, and in here no time passes: it gets to its caller's deadline at once.
      if (command[0]?.toUpperCase() === 'SET' && node.pausedUntilMs > clock.nowMs())
        throw new FlotillaError('redis/timeout', `${target.nodeAlias}: SET: no answer in time`)
      return runFakeCommand(node, command)
    },
    onConnectionLost: listener => {
      const subscription = (node: NodeTarget): void => listener(node)
      listeners.add(subscription)
      return () => listeners.delete(subscription)
    },
    retain: containerIds => {
      for (const containerId of [...kept.keys()]) if (!containerIds.has(containerId)) kept.delete(containerId)
    },
    close: () => {
      kept.clear()
      listeners.clear()
    },
  }

  return {
    port,
    orders,
    start(target, { upstream = target, empty = false } = {}) {
      const before = nodes.get(target.nodeAlias)
      if (before?.running === true) kill(target.nodeAlias)
      const node: FakeNode = {
        target,
        running: true,
        state: 'well',
        run: (before?.run ?? 0) + 1,
        replid: before?.replid ?? '',
        previous: null,
        offset: 0,
        data: new Map(),
        upstream: { host: upstream.host, port: upstream.port },
        link: 'down',
        synced: false,
        config: new Map(),
        unknownOptions: new Set(),
        lastByteAtMs: null,
        pausedUntilMs: 0,
      }
      if (before === undefined || empty) beginLineage(node)
      else Object.assign(node, { data: before.data, offset: before.offset, previous: before.previous })
      nodes.set(target.nodeAlias, node)
      return node
    },
    kill,
    node: known,
    failNext(nodeAlias, order, error) {
      faults.push({ nodeAlias, order, error })
    },
  }
}

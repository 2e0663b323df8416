import { FlotillaError } from '../../errors.js'
import type { RedisFacts, UpstreamFacts } from '../redis.js'
import { hash, type FakeNode } from './fake-node.js'

/** What INFO would say. */
export function describeNode(node: FakeNode, followers: readonly FakeNode[]): RedisFacts {
  return {
    runId: hash(`${node.target.containerId} ${node.run}`),
    flavour: 'redis',
    version: '7.0.15',
    uptimeSeconds: 1,
    role: node.upstream === null ? 'master' : 'replica',
    replid: node.replid,
    previous: node.previous,
    offset: node.offset,
    followers: followers.map(({ target, offset }) => ({
      host: target.nodeAlias,
      port: target.port,
      state: 'online',
      offset,
      lagSeconds: 0,
    })),
    upstream: node.upstream === null ? null : describeUpstream(node, node.upstream),
    loading: node.state === 'loading' ? { loadedBytes: 1, totalBytes: 2, etaSeconds: 60 } : null,
    asyncLoading: false,
    keys: node.data.size,
    memory: { usedBytes: 1_000_000, rssBytes: 10_000_000, maxBytes: 0 },
    persistence: {
      aofEnabled: true,
      aofRewriteInProgress: false,
      aofLastWriteOk: true,
      rdbSaveInProgress: false,
      rdbLastSaveOk: true,
      rdbLastSaveAtMs: null,
      changesSinceLastSave: 0,
    },
    connectedClients: 1,
    opsPerSecond: 0,
    syncs: { full: 0, partialOk: 0, partialRefused: 0 },
    replicaPriority: 100,
  }
}

function describeUpstream(node: FakeNode, { host, port }: { host: string; port: number }): UpstreamFacts {
  const up = node.link === 'up'
  return {
    host,
    port,
    link: node.link,
    lastIoSeconds: up ? 0 : null,
    linkDownSeconds: up || !node.synced ? null : 0,
    syncing: false,
    syncTotalBytes: 0,
    syncReadBytes: 0,
    appliedOffset: node.synced ? node.offset : null,
    readOffset: node.synced ? node.offset : null,
  }
}

/** PING, SET, GET and DBSIZE; enough to write through a master and read on its replicas. */
export function runFakeCommand(
  node: FakeNode,
  [name = '', key = '', value = '']: readonly string[],
): unknown {
  switch (name.toUpperCase()) {
    case 'PING':
      return 'PONG'
    case 'GET':
      return node.data.get(key) ?? null
    case 'DBSIZE':
      return node.data.size
    case 'SET':
      if (node.upstream !== null)
        throw refused(node, "SET: READONLY You can't write against a read only replica.")
      node.data.set(key, value)
      node.offset += 30 + key.length + value.length
      return 'OK'
    default:
      throw refused(node, `${name.toUpperCase()}: ERR unknown command`)
  }
}

function refused(node: FakeNode, words: string): FlotillaError {
  return new FlotillaError('redis/refused-command', `${node.target.nodeAlias}: ${words}`)
}

import { goodReplicas } from './fake-master.js'
import { isUp, type FakeProcess } from './fake-process.js'
import type { RedisFacts, UpstreamFacts } from '../../../src/model/redis.js'

/** What INFO would say. */
export function describeProcess(process: FakeProcess, nowMs: number): RedisFacts {
  return {
    runId: process.runId,
    flavour: 'redis',
    version: '7.0.15',
    uptimeSeconds: seconds(nowMs - process.bornAtMs),
    role: process.upstream === null ? 'master' : 'replica',
    replid: process.replid,
    previous: process.previous,
    offset: process.offset,
    followers: process.followers.map(({ link, state, ackOffset, ackAtMs }) => ({
      host: link.replica.alias,
      port: link.replica.port,
      state,
      offset: ackOffset,
      lagSeconds: state === 'online' ? seconds(nowMs - ackAtMs) : 0,
    })),
    upstream: process.upstream === null ? null : describeUpstream(process, process.upstream, nowMs),
    loading: process.state === 'loading' ? { loadedBytes: 1, totalBytes: 2, etaSeconds: 60 } : null,
    asyncLoading: false,
    keys: process.data.keys,
    keysByDatabase: process.data.keys === 0 ? {} : { 0: process.data.keys },
    memory: {
      usedBytes: process.usedBytes,
      rssBytes: process.usedBytes + 9_000_000,
      maxBytes: Number(process.config.get('maxmemory') ?? 0),
    },
    eviction: { policy: 'noeviction', uncountedBytes: 0, expiringKeys: 0 },
    persistence: {
      aofEnabled: process.persistence === 'aof',
      aofRewriteInProgress: process.persistence === 'aof' && !process.aofIsCurrent,
      aofLastRewriteOk: true,
      aofLastWriteOk: !process.diskIsFull,
      rdbSaveInProgress: nowMs < process.forkUntilMs,
      rdbLastSaveOk: true,
      rdbLastSaveAtMs: process.lastSaveAtMs,
      changesSinceLastSave: 0,
    },
    connectedClients: 1 + process.clients.size,
    writesPaused: nowMs < process.pausedUntilMs,
    goodReplicas: goodReplicas(process, nowMs),
    refused: { outOfMemory: 0, disk: 0, tooFewReplicas: 0 },
    opsPerSecond: 0,
    syncs: { ...process.syncs },
    replicaPriority: 100,
    failingOver: false,
    unexpectedErrors: 0,
    modules: [],
    ...process.info,
  }
}

function describeUpstream(
  process: FakeProcess,
  { host, port }: { readonly host: string; readonly port: number },
  nowMs: number,
): UpstreamFacts {
  const { link, linkLostAtMs } = process
  const applied = process.cached ? process.offset : null
  return {
    host,
    port,
    link: isUp(process) ? 'up' : 'down',
    readOnly: process.config.get('replica-read-only') !== 'no',
    lastIoSeconds: link !== null && isUp(process) ? seconds(nowMs - link.lastIoAtMs) : null,
    linkDownSeconds: isUp(process) || linkLostAtMs === null ? null : seconds(nowMs - linkLostAtMs),
    syncing: link?.state === 'transfer' || link?.state === 'loading',
    syncTotalBytes: 0,
    syncReadBytes: 0,
    appliedOffset: applied,
    readOffset: applied,
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1_000))
}

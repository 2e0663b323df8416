import type {
  FollowerFacts,
  LoadingFacts,
  PersistenceFacts,
  RedisFacts,
  UpstreamFacts,
} from '../model/redis.js'

export type ParsedInfo =
  | { readonly kind: 'facts'; readonly facts: RedisFacts }
  /**
   * Not what a Redis ≥ 6.2 or a Valkey says about itself: a Sentinel, a proxy, a cut text, something else
   * altogether.
   */
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * Turns the reply to INFO into facts. Takes any version from Redis 6.2 on and any Valkey; knows nothing but
 * the text, and never throws.
 *
 * A field that this server doesn't have gets the value that means "nothing" (0, false, null). Only the three
 * fields without which nothing can be decided make the text unreadable: `run_id`, `role` and `master_replid`.
 * This is the only place that knows Redis's own field names, and that it says slave where we say replica
 * (Valkey still does).
 *
 * Source: genRedisInfoString in Redis 6.2 to 8 and Valkey 8 (server.c).
 */
export function parseInfo(text: string): ParsedInfo {
  const fields = readFields(text)
  const runId = fields.get('run_id')
  const replid = fields.get('master_replid')
  const role = readRole(fields)
  if (runId === undefined) return unreadable('it has no run_id')
  if (role === null) return unreadable(`its role is ${quote(fields.get('role'))}, not master or slave`)
  if (replid === undefined) return unreadable('it has no master_replid')

  const databases = readDatabases(fields, 'keys')
  const facts: RedisFacts = {
    runId,
    ...readFlavour(fields),
    uptimeSeconds: count(fields, 'uptime_in_seconds'),
    role,
    replid,
    previous: readPrevious(fields),
    offset: count(fields, 'master_repl_offset'),
    followers: readFollowers(fields),
    upstream: role === 'replica' ? readUpstream(fields) : null,
    loading: readLoading(fields),
    asyncLoading: flag(fields, 'async_loading'),
    keys: sumOf(databases),
    keysByDatabase: Object.fromEntries(databases),
    memory: {
      usedBytes: count(fields, 'used_memory'),
      rssBytes: count(fields, 'used_memory_rss'),
      maxBytes: count(fields, 'maxmemory'),
    },
    eviction: {
      policy: fields.get('maxmemory_policy') ?? 'noeviction',
      uncountedBytes: count(fields, 'mem_not_counted_for_evict'),
      expiringKeys: sumOf(readDatabases(fields, 'expires')),
    },
    persistence: readPersistence(fields),
    connectedClients: count(fields, 'connected_clients'),
    // Only the newest servers say it here; of the others see client/paused.ts.
    writesPaused: ['all', 'write'].includes(fields.get('paused_actions') ?? 'none'),
    goodReplicas: countOrNull(fields, 'min_slaves_good_slaves'),
    refused: {
      outOfMemory: errorCount(fields, 'OOM'),
      disk: errorCount(fields, 'MISCONF'),
      tooFewReplicas: errorCount(fields, 'NOREPLICAS'),
    },
    opsPerSecond: count(fields, 'instantaneous_ops_per_sec'),
    syncs: {
      full: count(fields, 'sync_full'),
      partialOk: count(fields, 'sync_partial_ok'),
      partialRefused: count(fields, 'sync_partial_err'),
    },
    // Only a replica shows it. 100 is the default of every version.
    replicaPriority: integer(fields, 'slave_priority') ?? 100,
    unexpectedErrors: count(fields, 'unexpected_error_replies'),
    modules: readModules(text),
    failingOver: (fields.get('master_failover_state') ?? 'no-failover') !== 'no-failover',
  }
  return { kind: 'facts', facts }
}

type Fields = ReadonlyMap<string, string>

/**
 * `key:value` lines, split on the first colon because values have some (IPv6 addresses, paths). The first of
 * two equal keys counts.
 */
function readFields(text: string): Fields {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0 || line.startsWith('#')) continue
    const key = line.slice(0, colon)
    if (!fields.has(key)) fields.set(key, line.slice(colon + 1).trimEnd())
  }
  return fields
}

function unreadable(what: string): ParsedInfo {
  return { kind: 'unreadable', reason: `INFO answered with a text that is not a Redis node's: ${what}` }
}

function readRole(fields: Fields): RedisFacts['role'] | null {
  const role = fields.get('role')
  if (role === 'master') return 'master'
  return role === 'slave' ? 'replica' : null
}

/** Valkey freezes `redis_version` at 7.2.4 and tells its own version beside it. */
function readFlavour(fields: Fields): Pick<RedisFacts, 'flavour' | 'version'> {
  const valkeyVersion = fields.get('valkey_version')
  if (fields.get('server_name') === 'valkey' || valkeyVersion !== undefined)
    return { flavour: 'valkey', version: valkeyVersion ?? '' }
  return { flavour: 'redis', version: fields.get('redis_version') ?? '' }
}

/** 40 zeros or offset -1 mean that there was no lineage before this one. */
function readPrevious(fields: Fields): RedisFacts['previous'] {
  const replid = fields.get('master_replid2')
  const untilOffset = integer(fields, 'second_repl_offset')
  if (replid === undefined || /^0*$/.test(replid) || untilOffset === null || untilOffset < 0) return null
  return { replid, untilOffset }
}

/**
 * `slave0:ip=…,port=…,state=…,offset=…,lag=…` and whatever else later versions add. The number is a position,
 * not an identity.
 */
function readFollowers(fields: Fields): readonly FollowerFacts[] {
  const followers: FollowerFacts[] = []
  for (const [key, value] of fields) {
    if (!/^slave\d+$/.test(key)) continue
    const parts = readParts(value)
    const host = parts.get('ip')
    if (host === undefined || host === '') continue
    followers.push({
      host,
      port: count(parts, 'port'),
      state: parts.get('state') ?? '',
      offset: count(parts, 'offset'),
      lagSeconds: count(parts, 'lag'),
    })
  }
  return followers
}

/** `errorstat_OOM:count=3`. */
function errorCount(fields: Fields, word: string): number {
  return count(readParts(fields.get(`errorstat_${word}`) ?? ''), 'count')
}

function readParts(value: string): Fields {
  const parts = new Map<string, string>()
  for (const part of value.split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) parts.set(part.slice(0, equals), part.slice(equals + 1))
  }
  return parts
}

function readUpstream(fields: Fields): UpstreamFacts {
  const link = fields.get('master_link_status') === 'up' ? 'up' : 'down'
  return {
    host: fields.get('master_host') ?? '',
    port: count(fields, 'master_port'),
    link,
    readOnly: (fields.get('slave_read_only') ?? '1') === '1',
    lastIoSeconds: countOrNull(fields, 'master_last_io_seconds_ago'),
    linkDownSeconds: link === 'up' ? null : countOrNull(fields, 'master_link_down_since_seconds'),
    syncing: flag(fields, 'master_sync_in_progress'),
    syncTotalBytes: count(fields, 'master_sync_total_bytes'),
    syncReadBytes: count(fields, 'master_sync_read_bytes'),
    appliedOffset: streamOffset(fields, 'slave_repl_offset'),
    readOffset: streamOffset(fields, 'slave_read_repl_offset'),
  }
}

/**
 * Redis starts these at 1 and leaves them there while it has neither a master nor a remembered one: no
 * position, not one byte.
 */
function streamOffset(fields: Fields, key: string): number | null {
  const offset = countOrNull(fields, key)
  return offset === 1 ? null : offset
}

function readLoading(fields: Fields): LoadingFacts | null {
  if (!flag(fields, 'loading')) return null
  return {
    loadedBytes: count(fields, 'loading_loaded_bytes'),
    totalBytes: count(fields, 'loading_total_bytes'),
    etaSeconds: count(fields, 'loading_eta_seconds'),
  }
}

/** `db0:keys=12,expires=0,…`, one line for each database that holds something. */
function readDatabases(
  fields: Fields,
  which: 'keys' | 'expires',
): readonly (readonly [database: string, keys: number])[] {
  return [...fields].flatMap(([key, value]) =>
    /^db\d+$/.test(key) ? [[key.slice(2), count(readParts(value), which)] as const] : [],
  )
}

function sumOf(databases: readonly (readonly [database: string, keys: number])[]): number {
  return databases.reduce((sum, [, keys]) => sum + keys, 0)
}

/** `module:name=ReJSON,ver=20000,…`, one line for each. */
function readModules(text: string): readonly string[] {
  return text.split('\n').flatMap(line => {
    const name = line.startsWith('module:') ? readParts(line.slice('module:'.length)).get('name') : undefined
    return name === undefined ? [] : [name]
  })
}

function readPersistence(fields: Fields): PersistenceFacts {
  const lastSaveSeconds = count(fields, 'rdb_last_save_time')
  return {
    aofEnabled: flag(fields, 'aof_enabled'),
    aofRewriteInProgress: flag(fields, 'aof_rewrite_in_progress') || flag(fields, 'aof_rewrite_scheduled'),
    aofLastRewriteOk: (fields.get('aof_last_bgrewrite_status') ?? 'ok') === 'ok',
    aofLastWriteOk: (fields.get('aof_last_write_status') ?? 'ok') === 'ok',
    rdbSaveInProgress: flag(fields, 'rdb_bgsave_in_progress'),
    rdbLastSaveOk: (fields.get('rdb_last_bgsave_status') ?? 'ok') === 'ok',
    rdbLastSaveAtMs: lastSaveSeconds === 0 ? null : lastSaveSeconds * 1000,
    changesSinceLastSave: count(fields, 'rdb_changes_since_last_save'),
  }
}

function flag(fields: Fields, key: string): boolean {
  return fields.get(key) === '1'
}

function count(fields: Fields, key: string): number {
  return countOrNull(fields, key) ?? 0
}

/** Redis writes -1 where there is nothing to count. */
function countOrNull(fields: Fields, key: string): number | null {
  const value = integer(fields, key)
  return value === null || value < 0 ? null : value
}

/** A whole number of at most 18 digits (Redis counts in 64 bits); null for anything else. */
function integer(fields: Fields, key: string): number | null {
  const value = fields.get(key)
  return value !== undefined && /^-?\d{1,18}$/.test(value) ? Number(value) : null
}

function quote(value: string | undefined): string {
  return value === undefined ? 'missing' : JSON.stringify(value.slice(0, 40))
}

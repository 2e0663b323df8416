import type { PersistenceSettings } from '../model/spec.js'
import type { Secret } from '../secret.js'
import { optionLines } from './options.js'
import { quoteArgument } from './redis-text.js'
import { containerTlsLayout, tlsOptions, type TlsLayout } from './tls.js'
import type { RedisFacts, Upstream, ConfigValues, RedisOptions } from '../model/redis.js'

/** Where the rendered files live inside a container. */
export const configFilePath = '/etc/flotilla/redis.conf'
export const aclFilePath = '/etc/flotilla/users.acl'

export interface RenderedFile {
  readonly text: string
  /**
   * The same text with every secret (and whatever is derived from one) left out: what a spec hash may be
   * taken over.
   */
  readonly textWithoutSecrets: string
}

export interface RedisConfigInput {
  /** `shop-1`: the name that the node announces, and by which it is known in its master's INFO. */
  readonly nodeAlias: string
  readonly persistence: PersistenceSettings
  /** Password of the ACL user `replication`. */
  readonly replication: Secret
  /** True when applications need no password (`auth: none`). */
  readonly isPasswordless: boolean
  /**
   * What the manifest asks for beside what is said here; it comes last, and of two lines on one option Redis
   * takes the last.
   */
  readonly options: RedisOptions
  /** What it is encrypted with; null for a node that listens in plain text alone. */
  readonly tls: ConfigTls | null
  /** Where things are; {@link containerLayout} unless it runs outside a container. */
  readonly layout?: ConfigLayout
}

export interface ConfigTls {
  /** `prefer` opens both ports, `require` the encrypted one alone. */
  readonly mode: 'prefer' | 'require'
  /** Which certificate (`fingerprintOf`). */
  readonly fingerprint: string
  /** What is asked of clients; absent: no certificate. */
  readonly clientAuth?: 'optional' | 'require'
}

export interface ConfigLayout {
  readonly port: number
  readonly dataDirectory: string
  readonly aclFile: string
  /** Whom the node follows at its birth; null: nobody, because it will never be one of several. */
  readonly upstream: Upstream | null
  readonly tls: TlsLayout
}

/**
 * Whom a node with TLS follows at its birth: no server can listen on this port, so it is refused at once.
 * Following itself over TLS, as a node in plain text does, stops its main thread for 5 s at every attempt
 * (measured, 7.0.15): the session ticket of TLS 1.3 looks like the answer to its PING, and it waits,
 * blocking, for the rest that only it can send.
 */
const unusedPort = 1

/** In a container of ours. `master` is the link alias that each of them has, whoever it is itself. */
export const containerLayout: ConfigLayout = {
  port: 6379,
  dataDirectory: '/data',
  aclFile: aclFilePath,
  upstream: { host: 'master', port: 6379 },
  tls: containerTlsLayout,
}

/**
 * The redis.conf of one node, in the words that Redis ≥ 6.2 and Valkey share: what a node's version is, is
 * known only once it has run. What only some versions have is set at run time ({@link
 * versionSpecificOptions}).
 *
 * @throws FlotillaError manifest/invalid when a value can't be written into such a file.
 */
export function renderRedisConfig(input: RedisConfigInput): RenderedFile {
  const layout = input.layout ?? containerLayout
  const head = [
    ...networkLines(input, layout),
    ...processLines(layout),
    ...replicationLines(input, layout),
    ...persistenceLines(input),
    ...optionLines(input.options),
  ]
  const masterauth = quoteArgument(input.replication.reveal(), 'the replication password')
  return {
    text: toText([...head, `masterauth ${masterauth}`]),
    textWithoutSecrets: toText([...head, 'masterauth [secret]']),
  }
}

function networkLines({ isPasswordless, tls }: RedisConfigInput, layout: ConfigLayout): readonly string[] {
  return [
    // The stock `bind 127.0.0.1` is why replicas never sync by hand. The dash lets a kernel without IPv6 be.
    'bind * -::*',
    `port ${tls?.mode === 'require' ? 0 : layout.port}`,
    ...tlsLines(tls, layout),
    // The official image compiles protected mode off, so it is said. It refuses every remote client of a
    // server whose `default` user has no password, so where no password was asked for it has to be off.
    `protected-mode ${isPasswordless ? 'no' : 'yes'}`,
    'tcp-keepalive 60',
  ]
}

function tlsLines(tls: ConfigTls | null, layout: ConfigLayout): readonly string[] {
  if (tls === null) return []
  const options = Object.entries(tlsOptions(tls.fingerprint, layout.tls, tls.clientAuth))
  return [
    ...options.map(([name, value]) => `${name} ${quoteArgument(value, name)}`),
    // Redis checks that the master's certificate is from an authority of the ca file, and looks at no name in
    // it.
    'tls-replication yes',
  ]
}

function processLines({ dataDirectory, aclFile }: ConfigLayout): readonly string[] {
  return [
    'daemonize no',
    'loglevel notice',
    // Empty means standard output, where the container engine collects it.
    'logfile ""',
    `dir ${quoteArgument(dataDirectory, 'the data directory')}`,
    `aclfile ${quoteArgument(aclFile, 'the path of the ACL file')}`,
  ]
}

function replicationLines(input: RedisConfigInput, layout: ConfigLayout): readonly string[] {
  const { nodeAlias, persistence, tls } = input
  const { upstream } = layout
  const ownPort = tls === null ? layout.port : layout.tls.tlsPort
  return [
    // A node is born a replica, the future master too: it then links to itself, keeps its data, and answers
    // PSYNC with NOMASTERLINK. So no empty or stale node that comes up as master by accident can wipe the
    // others.
    ...(upstream === null
      ? []
      : [
          `replicaof ${quoteArgument(upstream.host, 'the upstream host')} ${tls === null ? upstream.port : unusedPort}`,
        ]),
    'masteruser replication',
    // Behind NAT the master sees the same address for all of them, so each says who it is.
    `replica-announce-ip ${quoteArgument(nodeAlias, 'the node alias')}`,
    `replica-announce-port ${ownPort}`,
    'repl-diskless-sync yes',
    // The stock 5 s wait for more replicas to share one fork. A fresh replica is online in 18 ms instead of
    // 5.3 s (measured, 7.0).
    'repl-diskless-sync-delay 0',
    `repl-diskless-load ${disklessLoad(persistence.mode)}`,
    // What may be missed and still be caught up with by a partial resync: 64 MB bridges 2 s of the fastest
    // writer measured (30 MB/s).
    'repl-backlog-size 64mb',
    // With a ttl, an hour without replicas frees the backlog and changes the replid: the lineage would break
    // for nothing.
    'repl-backlog-ttl 0',
    // The stock soft limit (64 MB for 60 s) makes full syncs under 30 MB/s of writes start over for ever. The
    // most that one needed in measurements was 660 MB. Bounded all the same, so that one stalled replica
    // can't eat the master's host.
    'client-output-buffer-limit replica 1gb 0 0',
    // A master's pings are what its replicas testify by when it falls silent (`master_last_io_seconds_ago`),
    // so they come every 2 s, not 10.
    'repl-ping-replica-period 2',
    'repl-timeout 20',
  ]
}

/**
 * Where snapshots persist, the received RDB is best kept on disk: it makes the replica's next restart a
 * partial resync. A node with an append-only file does a full resync after every restart (the AOF has no
 * replid), and one without persistence promises an empty volume: for both the RDB on disk has no use, and
 * loading from the socket is 20 % faster.
 */
function disklessLoad(persistence: PersistenceSettings['mode']): 'disabled' | 'on-empty-db' {
  return persistence === 'rdb' ? 'disabled' : 'on-empty-db'
}

function persistenceLines({ persistence }: RedisConfigInput): readonly string[] {
  switch (persistence.mode) {
    case 'aof':
      return ['appendonly yes', `appendfsync ${persistence.appendfsync}`, 'save ""']
    case 'rdb':
      // One pair a line: 6.2 takes no more.
      return ['appendonly no', ...persistence.save.map(point => `save ${point}`)]
    case 'none':
      // The second removes what a sync to a replica that wasn't empty had to put on disk.
      return ['appendonly no', 'save ""', 'rdb-del-sync-files yes']
  }
}

/**
 * The same for a node that runs, in the words that CONFIG GET answers with. Whether it writes an append-only
 * file is not among it: that takes care (plan/keeping.ts). Nothing for a node that keeps nothing, which is
 * never changed while it runs.
 */
export function persistenceOptions({ mode, save, appendfsync }: PersistenceSettings): ConfigValues {
  if (mode === 'none') return {}
  return { save: save.join(' '), appendfsync, 'repl-diskless-load': disklessLoad(mode) }
}

function toText(lines: readonly string[]): string {
  return `# Rendered by Flotilla, the same for every role. Changes made here are lost.\n${lines.join('\n')}\n`
}

/**
 * What redis.conf says for every node and every version, no manifest can change, and replication by our rules
 * rests on: put back when somebody has changed it by hand.
 */
export const enforcedOptions: ConfigValues = {
  'replica-read-only': 'yes',
  'replica-priority': '100',
  'repl-ping-replica-period': '2',
  'repl-backlog-ttl': '0',
}

/**
 * Options that the version at hand has and the common subset lacks, for CONFIG SET after the first contact.
 * Empty for 6.2 and for a version that can't be read.
 */
export function versionSpecificOptions(facts: Pick<RedisFacts, 'flavour' | 'version'>): ConfigValues {
  const major = Number(/^(\d{1,4})\./.exec(facts.version)?.[1] ?? '0')
  return major < 7 ? {} : redis7Options
}

const redis7Options: ConfigValues = {
  // SIGTERM waits this long for replicas that lag. The stock 10 s is Docker's own grace, after which it
  // kills.
  'shutdown-timeout': '3',
  // Otherwise a replica that can't write its append-only file exits: one full disk would take every replica
  // of a host down.
  'replica-ignore-disk-write-errors': 'yes',
}

/** The names of all options that just some versions have. */
export const versionSpecificOptionNames: readonly string[] = Object.keys(redis7Options)

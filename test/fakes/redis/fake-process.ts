import type { Secret } from '../../../src/secret.js'
import { aclUsers, passwordRule, aclPasswordsOf } from '../../../src/redis/acl.js'
import { createHash } from 'node:crypto'
import type { PersistenceSpec } from '../../../src/model/spec.js'
import { withWrite, type Dataset } from './dataset.js'
import type { FakeDisk } from './fake-disk.js'
import type { NodeCredentials, RedisFacts, TransportFacts, Upstream } from '../../../src/model/redis.js'

/** One run of one simulated Redis. What it does by itself over time is in fake-link.ts and fake-master.ts. */
export interface FakeProcess {
  readonly alias: string
  readonly containerId: string
  readonly startedAtMs: number | null
  /** Changes when it is attached to its network again. */
  host: string
  readonly port: number
  transport: TransportFacts
  readonly credentials: NodeCredentials
  /** Rules by user, passwords as `#` and their SHA-256. */
  users: Map<string, readonly string[]>
  /** What it does now. */
  persistence: PersistenceSpec['mode']
  savePoints: boolean
  /** On the clock of the world; null before the first. */
  lastSaveAtMs: number | null
  readonly disk: FakeDisk
  /** What its data takes. */
  usedBytes: number
  /** Nothing can be written to it, and so no write is taken. */
  diskIsFull: boolean
  readonly runId: string
  /** On the clock that never goes back. */
  readonly bornAtMs: number
  /** `starting`: nobody listens yet. `busy`: in a script that does not end. */
  state: 'starting' | 'loading' | 'well' | 'busy' | 'ended'
  /** Stopped by a signal or a frozen cgroup: what arrives waits. */
  frozen: boolean
  /** Cut off: no packet gets in or out, nor do connections close. */
  offline: boolean
  /** What a slow or stalled network adds to every packet from its master, ms. */
  slowMs: number
  replid: string
  previous: { readonly replid: string; readonly untilOffset: number } | null
  offset: number
  data: Dataset
  /** Null makes it a master. */
  upstream: Upstream | null
  /**
   * Whether it can ask to go on from its own offset; otherwise it asks for everything, and Redis reports no
   * applied offset.
   */
  cached: boolean
  link: Link | null
  /** When its link was lost that had been up; null before the first. */
  linkLostAtMs: number | null
  backlog: Backlog | null
  readonly followers: Follower[]
  /** Until when a child writes a snapshot for replicas; a second one has to wait for it. */
  forkUntilMs: number
  /**
   * False from a full synchronisation until the append-only file is written again: until then the old one is
   * what a crash leaves.
   */
  aofIsCurrent: boolean
  readonly config: Map<string, string>
  /** Options that CONFIG SET doesn't know here. */
  readonly unknownOptions: Set<string>
  /** `rename-command`; empty disables. */
  readonly renamed: Map<string, string>
  /** How often each of them was called, by the name that it has now. */
  renamedCalls: number
  /** What INFO says of it otherwise than of the usual server. */
  info: Partial<RedisFacts>
  /** Nobody who looks at its certificate believes it any more, over whatever connection. */
  hasBadCertificate: boolean
  /** Why it turns everybody away who asks for anything; null as a rule. */
  turnsAway: string | null
  readonly syncs: { full: number; partialOk: number; partialRefused: number }
  /** Until when writes wait; 0 when they don't. */
  pausedUntilMs: number
  pausedWrites: (() => void)[]
  waiters: { readonly offset: number; readonly count: number; readonly done: () => void }[]
  /** What is in its sockets while it is frozen. */
  inbox: (() => void)[]
  /** Called when a client's connection is closed, by us or by its end. */
  readonly clients: Set<() => void>
  /** Hosts of those that watch it. */
  readonly sentinels: Set<string>
  /** Called when it ends, once each: the kept connections of Flotilla. */
  readonly closers: Set<() => void>
  cancelCron: () => void
}

/** One connection from a replica to its master, from the connect to its end. */
export interface Link {
  readonly replica: FakeProcess
  readonly master: FakeProcess
  state: 'handshake' | 'transfer' | 'loading' | 'up'
  /** False once the replica has closed it, or has read its end. */
  open: boolean
  /** Packets get lost on it for good: an end has lost its address. */
  broken: boolean
  lastIoAtMs: number
  /** When the last packet that is under way to the replica arrives: packets don't overtake each other. */
  arrivesAtMs: number
  /** What has arrived and is read when the replica has loaded its snapshot. */
  unread: ToReplica[]
}

/** What a master sends. */
export type ToReplica =
  /** +CONTINUE. */
  | { readonly kind: 'continue'; readonly replid: string }
  /** +FULLRESYNC. */
  | { readonly kind: 'full-resync' }
  | {
      readonly kind: 'snapshot'
      readonly data: Dataset
      readonly replid: string
      readonly offset: number
    }
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** While it prepares the snapshot. */
  | { readonly kind: 'newline' }
  /** It hangs up, or refuses. */
  | { readonly kind: 'end' }

/** What a replica sends. */
export type ToMaster =
  /** From where it would like to go on; null for everything. */
  | { readonly kind: 'psync'; readonly asked: { readonly replid: string; readonly offset: number } | null }
  | { readonly kind: 'ack'; readonly offset: number }
  | { readonly kind: 'end' }

/** A master's side of a link. */
export interface Follower {
  readonly link: Link
  state: 'wait_bgsave' | 'send_bulk' | 'online'
  ackOffset: number
  ackAtMs: number
  /** What came while the snapshot is transferred. */
  buffered: Entry[]
}

/** A piece of the stream: a write (its whole history up to there), or a ping. */
export interface Entry {
  readonly endOffset: number
  readonly data: Dataset | null
  /** The master asks for an acknowledgement, for a WAIT. */
  readonly wantsAck?: boolean
}

export interface Backlog {
  /** The first byte that it can give. */
  firstOffset: number
  readonly entries: Entry[]
}

export function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/** Does it when it can: a frozen process finds it in its socket when it goes on. */
export function whenAwake(process: FakeProcess, act: () => void): void {
  if (process.state === 'ended') return
  if (process.frozen) process.inbox.push(act)
  else act()
}

export function setFrozen(process: FakeProcess, frozen: boolean): void {
  process.frozen = frozen
  while (!process.frozen && process.inbox.length > 0) process.inbox.shift()?.()
}

/** A new lineage that goes on from the old one, as REPLICAOF NO ONE begins it. */
export function shiftLineage(process: FakeProcess): void {
  process.previous = { replid: process.replid, untilOffset: process.offset + 1 }
  process.replid = nextReplid(process)
}

/** A new lineage without a past: what a master takes that gets its first replica. */
export function beginLineage(process: FakeProcess): void {
  process.previous = null
  process.replid = nextReplid(process)
}

/** Different for every node, run and turn, and the same in every run of a test. */
function nextReplid({ runId, replid, offset }: FakeProcess): string {
  return hash(`${runId} ${replid} ${offset}`)
}

export function beginBacklog(process: FakeProcess): void {
  process.backlog = { firstOffset: process.offset + 1, entries: [] }
}

/**
 * Entries that the backlog keeps; more than the writes that a test gets to while a replica is away, unless it
 * wants otherwise.
 */
const backlogEntriesMax = 400

/** The process takes a piece of the stream in: its own write or its master's. */
export function advance(process: FakeProcess, entry: Entry): void {
  process.offset = entry.endOffset
  if (entry.data !== null) replaceData(process, entry.data)
  if (process.backlog === null) return
  process.backlog.entries.push(entry)
  if (process.backlog.entries.length <= backlogEntriesMax) return
  const dropped = process.backlog.entries.shift()
  if (dropped !== undefined) process.backlog.firstOffset = dropped.endOffset + 1
}

export function replaceData(process: FakeProcess, data: Dataset): void {
  process.data = data
  if (process.persistence === 'aof' && process.aofIsCurrent) process.disk.aof = data
}

/** SAVE, or the last act of a process that is told to end and has save points. */
export function saveSnapshot(process: FakeProcess): void {
  const { data, replid, offset } = process
  const hasLineage = process.upstream === null ? process.backlog !== null : process.cached || isUp(process)
  process.disk.snapshot = { data, lineage: hasLineage ? { replid, offset } : null }
}

export function isUp({ link }: FakeProcess): boolean {
  return link !== null && link.state === 'up'
}

/** The dataset after a write, and how many bytes it is in the stream. */
export function write(process: FakeProcess, key: string, value: string): Entry {
  const data = withWrite(process.data, key, value)
  return { endOffset: process.offset + 30 + key.length + value.length, data }
}

/** The replica's end of it is closed. */
export function loseLink(link: Link, nowMs: number): void {
  link.open = false
  if (link.state === 'up' || link.state === 'loading') link.replica.linkLostAtMs = nowMs
  if (link.replica.link === link) link.replica.link = null
}

export function removeFollower(link: Link): void {
  const index = link.master.followers.findIndex(one => one.link === link)
  if (index >= 0) link.master.followers.splice(index, 1)
}

/** A master or a replica that was silent for this long is given up (`repl-timeout`). */
export const replTimeoutMs = 20_000

/** What a node's ACL file says at its start. */
export function usersOf(credentials: NodeCredentials): Map<string, readonly string[]> {
  return new Map(aclUsers(aclPasswordsOf(credentials)).map(({ name, rules }) => [name, rules]))
}

/** Whether it lets this user in with this password; null stands for none. */
export function accepts({ users }: FakeProcess, user: string, password: Secret | null): boolean {
  const rules = users.get(user) ?? []
  if (rules.includes('off')) return false
  if (rules.includes('nopass')) return true
  return password !== null && rules.includes(passwordRule(password.reveal(), user))
}

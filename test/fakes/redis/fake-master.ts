import {
  advance,
  beginBacklog,
  beginLineage,
  isUp,
  loseLink,
  removeFollower,
  replTimeoutMs,
  write,
  type Entry,
  type FakeProcess,
  type Link,
  type ToMaster,
} from './fake-process.js'
import { dropFollowers, pass, toReplica, type FakeWire } from './fake-wire.js'

/**
 * The master's side of replication, after replication.c of Redis 7.0; replicas have it too, for those who
 * follow them.
 */

/** What the master does with what it reads from a replica. */
export function readFromReplica(wire: FakeWire, link: Link, message: ToMaster): void {
  switch (message.kind) {
    case 'psync':
      return link.open ? answerPsync(wire, link, message.asked) : undefined
    case 'ack':
      return noteAck(wire, link, message.offset)
    case 'end':
      return removeFollower(link)
  }
}

export type Reply =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'error'; readonly message: string }

/**
 * PSYNC. Whoever has no master and is none (it follows itself, or its link is down) gives nobody anything; a
 * lineage and offset that the backlog reaches are gone on from; everything else is a full synchronisation.
 */
function answerPsync(wire: FakeWire, link: Link, asked: Extract<ToMaster, { kind: 'psync' }>['asked']): void {
  const { master } = link
  if (master.state !== 'well' || (master.upstream !== null && !isUp(master)))
    // LOADING, BUSY, or NOMASTERLINK.
    return toReplica(wire, link, { kind: 'end' })
  const nowMs = wire.clock.monotonicMs()
  const follower = { link, ackOffset: 0, ackAtMs: nowMs, buffered: [] }
  if (asked !== null && canContinue(master, asked)) {
    master.syncs.partialOk += 1
    master.followers.push({ ...follower, state: 'online' })
    const { replid } = master
    toReplica(wire, link, { kind: 'continue', replid })
    for (const entry of master.backlog?.entries ?? [])
      if (entry.endOffset >= asked.offset) toReplica(wire, link, { kind: 'entry', entry })
    return
  }
  if (asked !== null) master.syncs.partialRefused += 1
  master.syncs.full += 1
  if (master.backlog === null) {
    // Without a backlog there is no past that anybody could rely on.
    beginLineage(master)
    beginBacklog(master)
  }
  master.followers.push({ ...follower, state: 'wait_bgsave' })
  startTransfer(wire, master)
}

function canContinue(
  { replid, previous, backlog, offset }: FakeProcess,
  asked: { readonly replid: string; readonly offset: number },
): boolean {
  const known =
    asked.replid === replid ||
    (previous !== null && asked.replid === previous.replid && asked.offset <= previous.untilOffset)
  return known && backlog !== null && asked.offset >= backlog.firstOffset && asked.offset <= offset + 1
}

/** One child at a time, for all who wait when it begins. */
function startTransfer(wire: FakeWire, master: FakeProcess): void {
  const { clock, timing } = wire
  const waiting = master.followers.filter(({ state }) => state === 'wait_bgsave')
  if (waiting.length === 0 || clock.monotonicMs() < master.forkUntilMs) return
  const { data, replid, offset } = master
  const syncMs = timing.syncMs()
  master.forkUntilMs = clock.monotonicMs() + syncMs
  for (const follower of waiting) {
    follower.state = 'send_bulk'
    toReplica(wire, follower.link, { kind: 'full-resync' })
    clock.after(syncMs, () => {
      if (!master.followers.includes(follower) || master.state === 'ended') return
      follower.state = 'online'
      follower.ackAtMs = clock.monotonicMs()
      toReplica(wire, follower.link, { kind: 'snapshot', data, replid, offset })
      for (const entry of follower.buffered.splice(0))
        toReplica(wire, follower.link, { kind: 'entry', entry })
    })
  }
}

/**
 * A write of a client, and what Redis answers. With `waitFor` the answer comes when so many replicas have
 * acknowledged it.
 */
export function takeWrite(
  wire: FakeWire,
  master: FakeProcess,
  wanted: { readonly key: string; readonly value: string; readonly waitFor: number },
  answer: (reply: Reply) => void,
): void {
  if (master.state === 'ended') return
  if (wire.clock.monotonicMs() < master.pausedUntilMs) {
    master.pausedWrites.push(() => takeWrite(wire, master, wanted, answer))
    return
  }
  const refusal = whyNotWrite(wire, master)
  if (refusal !== null) return answer({ kind: 'error', message: refusal })
  const entry = write(master, wanted.key, wanted.value)
  feed(wire, master, entry)
  const done = (): void => answer({ kind: 'value', value: 'OK' })
  if (wanted.waitFor === 0) return done()
  master.waiters.push({ offset: entry.endOffset, count: wanted.waitFor, done })
  feed(wire, master, { endOffset: entry.endOffset + getAckBytes, data: null, wantsAck: true })
}

const getAckBytes = 37
const pingBytes = 14

/** Null unless a write needs some. */
export function goodReplicas({ config, followers }: FakeProcess, nowMs: number): number | null {
  const maxLagMs = 1_000 * Number(config.get('min-replicas-max-lag') ?? 10)
  if (Number(config.get('min-replicas-to-write') ?? 0) === 0 || maxLagMs === 0) return null
  return followers.filter(({ state, ackAtMs }) => state === 'online' && nowMs - ackAtMs <= maxLagMs).length
}

function whyNotWrite({ clock }: FakeWire, process: FakeProcess): string | null {
  if (process.state === 'loading') return 'LOADING Redis is loading the dataset in memory'
  if (process.state === 'busy') return 'BUSY Redis is busy running a script.'
  if (process.upstream !== null) return "READONLY You can't write against a read only replica."
  if (process.diskIsFull && process.persistence === 'aof')
    return 'MISCONF Errors writing to the AOF file: No space left on device'
  const good = goodReplicas(process, clock.monotonicMs())
  return good !== null && good < Number(process.config.get('min-replicas-to-write'))
    ? 'NOREPLICAS Not enough good replicas to write.'
    : null
}

/** Without a backlog there is no stream, and the offset stands still. */
function feed(wire: FakeWire, master: FakeProcess, entry: Entry): void {
  advance(master, master.backlog === null ? { ...entry, endOffset: master.offset } : entry)
  pass(wire, master, entry)
}

function noteAck(wire: FakeWire, link: Link, offset: number): void {
  const follower = link.master.followers.find(one => one.link === link)
  if (follower === undefined) return
  follower.ackOffset = Math.max(follower.ackOffset, offset)
  follower.ackAtMs = wire.clock.monotonicMs()
  const { waiters, followers } = link.master
  const isDone = (waiter: { readonly offset: number; readonly count: number }): boolean =>
    followers.filter(one => one.state === 'online' && one.ackOffset >= waiter.offset).length >= waiter.count
  const done = waiters.filter(isDone)
  link.master.waiters = waiters.filter(waiter => !done.includes(waiter))
  for (const waiter of done) waiter.done()
}

/** Writes that waited are looked at as if they came now. */
export function resumeWrites(process: FakeProcess): void {
  process.pausedUntilMs = 0
  for (const retry of process.pausedWrites.splice(0)) retry()
}

/**
 * Once a second: pings (every other time), who waits for a snapshot, who is given up, pauses that are over.
 */
export function masterCron(wire: FakeWire, process: FakeProcess, beat: number): void {
  const nowMs = wire.clock.monotonicMs()
  if (process.pausedUntilMs !== 0 && nowMs >= process.pausedUntilMs) resumeWrites(process)
  for (const { state, link, ackAtMs } of [...process.followers]) {
    // What waits for its snapshot gets newlines, so that it doesn't give up.
    if (state !== 'online') toReplica(wire, link, { kind: 'newline' })
    else if (nowMs - ackAtMs > replTimeoutMs) {
      removeFollower(link)
      toReplica(wire, link, { kind: 'end' })
    }
  }
  if (process.upstream === null && beat % 2 === 0 && process.followers.length > 0)
    feed(wire, process, { endOffset: process.offset + pingBytes, data: null })
  startTransfer(wire, process)
}

/**
 * The process is gone; its kernel closes what it had open, but nobody hears of it through a network that it
 * has left.
 */
export function endProcess(wire: FakeWire, process: FakeProcess): void {
  if (process.state === 'ended') return
  process.state = 'ended'
  process.cancelCron()
  dropFollowers(wire, process)
  const { link } = process
  if (link !== null) {
    loseLink(link, wire.clock.monotonicMs())
    wire.clock.after(wire.timing.packetMs(), () => {
      if (!link.broken) removeFollower(link)
    })
  }
  const closers = [...process.clients, ...process.closers]
  process.clients.clear()
  process.closers.clear()
  for (const close of closers) close()
  Object.assign(process, { inbox: [], pausedWrites: [], waiters: [] })
}

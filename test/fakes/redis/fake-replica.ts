import { emptyDataset } from './dataset.js'
import {
  advance,
  beginBacklog,
  loseLink,
  replaceData,
  replTimeoutMs,
  shiftLineage,
  whenAwake,
  type FakeProcess,
  type Link,
  type ToReplica,
} from './fake-process.js'
import { dropFollowers, pass, toMaster, type FakeWire } from './fake-wire.js'
import type { Upstream } from '../../../src/model/redis.js'

/** The replica's side of replication, after replication.c of Redis 7.0. */

/**
 * REPLICAOF NO ONE: a new lineage, what is unread in the socket is lost, and those who followed it come back
 * to learn of the lineage.
 */
export function promoteProcess(wire: FakeWire, process: FakeProcess): void {
  if (process.upstream === null) return
  closeLink(wire, process)
  process.upstream = null
  process.cached = false
  shiftLineage(process)
  dropFollowers(wire, process)
  wire.onChange({ kind: 'promoted', process })
}

/** REPLICAOF host port. The host and port that it has already is a no-op, link up or not. */
export function followUpstream(wire: FakeWire, process: FakeProcess, { host, port }: Upstream): void {
  const { upstream } = process
  if (upstream !== null && upstream.host === host && upstream.port === port) return
  closeLink(wire, process)
  process.upstream = { host, port }
  if (upstream === null) {
    // It may go on from its own offset where the new master knows that lineage.
    process.cached = true
    wire.onChange({ kind: 'demoted', process })
  }
  connect(wire, process)
}

export function connect(wire: FakeWire, replica: FakeProcess): void {
  if (replica.upstream === null || replica.link !== null || replica.frozen || replica.offline) return
  const master = wire.lookUp(replica.upstream, replica)
  if (master === null || master.offline || master.state === 'starting' || master.state === 'ended') return
  const nowMs = wire.clock.monotonicMs()
  const link: Link = {
    ...{ replica, master, state: 'handshake', open: true, broken: false },
    ...{ lastIoAtMs: nowMs, arrivesAtMs: nowMs, unread: [] },
  }
  replica.link = link
  const asked = replica.cached ? { replid: replica.replid, offset: replica.offset + 1 } : null
  toMaster(wire, link, { kind: 'psync', asked })
}

/** What the replica does with what it reads from its master. */
export function readFromMaster(wire: FakeWire, link: Link, message: ToReplica): void {
  const { replica } = link
  switch (message.kind) {
    case 'continue':
      return continueSync(wire, link, message.replid)
    case 'full-resync':
      // What it could have gone on from is forgotten, its data not yet.
      link.state = 'transfer'
      replica.cached = false
      replica.backlog = null
      return dropFollowers(wire, replica)
    case 'snapshot':
      return loadSnapshot(wire, link, message)
    case 'entry':
      advance(replica, message.entry)
      pass(wire, replica, message.entry)
      if (message.entry.wantsAck === true) acknowledge(wire, link)
      return
    case 'newline':
      return
    case 'end':
      return loseLink(link, wire.clock.monotonicMs())
  }
}

function continueSync(wire: FakeWire, link: Link, replid: string): void {
  const { replica } = link
  if (replica.replid !== replid) {
    replica.previous = { replid: replica.replid, untilOffset: replica.offset + 1 }
    replica.replid = replid
    dropFollowers(wire, replica)
  }
  if (replica.backlog === null) beginBacklog(replica)
  link.state = 'up'
}

/**
 * The snapshot is there: the old data goes, and the new is read. The append-only file is written again only
 * afterwards.
 */
function loadSnapshot(
  wire: FakeWire,
  link: Link,
  { data, replid, offset }: Extract<ToReplica, { kind: 'snapshot' }>,
): void {
  const { replica } = link
  const { clock, timing } = wire
  link.state = 'loading'
  replica.state = 'loading'
  replica.aofIsCurrent = false
  wire.onChange({ kind: 'overwriting', process: replica, by: data })
  replica.data = emptyDataset
  if (replica.savePoints) replica.disk.snapshot = { data, lineage: { replid, offset } }
  const finish = (): void => {
    if (replica.state !== 'loading') return
    Object.assign(replica, { state: 'well', replid, offset, previous: null, cached: true })
    replaceData(replica, data)
    beginBacklog(replica)
    link.state = 'up'
    link.lastIoAtMs = clock.monotonicMs()
    rewriteAof(wire, replica)
    for (const message of link.unread.splice(0)) if (link.open) readFromMaster(wire, link, message)
  }
  clock.after(timing.loadMs(replica), () => whenAwake(replica, finish))
}

export function rewriteAof({ clock, timing }: FakeWire, replica: FakeProcess): void {
  if (replica.persistence !== 'aof') return
  clock.after(timing.rewriteMs(), () => {
    if (replica.state === 'loading' || replica.state === 'ended') return
    replica.aofIsCurrent = true
    replaceData(replica, replica.data)
  })
}

function acknowledge(wire: FakeWire, link: Link): void {
  toMaster(wire, link, { kind: 'ack', offset: link.replica.offset })
}

/** It hangs up. */
export function closeLink(wire: FakeWire, { link }: FakeProcess): void {
  if (link === null) return
  loseLink(link, wire.clock.monotonicMs())
  toMaster(wire, link, { kind: 'end' })
}

export function replicaCron(wire: FakeWire, process: FakeProcess): void {
  const { link } = process
  if (link === null) return connect(wire, process)
  if (link.state !== 'loading' && wire.clock.monotonicMs() - link.lastIoAtMs > replTimeoutMs)
    return closeLink(wire, process)
  if (link.state === 'up' || link.state === 'loading') acknowledge(wire, link)
}

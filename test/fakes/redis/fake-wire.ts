import type { Clock } from '../../../src/clock.js'
import type { Dataset } from './dataset.js'
import {
  whenAwake,
  type Entry,
  type FakeProcess,
  type Link,
  type ToMaster,
  type ToReplica,
} from './fake-process.js'
import type { Upstream } from '../../../src/model/redis.js'

/** How long things take, ms. Functions, so that a simulation can draw them. */
export interface FakeTiming {
  /** From its start until it listens. */
  bootMs(): number
  /** To read what is on its disk, or what it was sent. */
  loadMs(process: FakeProcess): number
  /** One way between two nodes, or between a node and Flotilla. */
  packetMs(): number
  /** To write and transfer a snapshot. */
  syncMs(): number
  /** To write the append-only file again after a full synchronisation. */
  rewriteMs(): number
}

export const shortTiming: FakeTiming = {
  bootMs: () => 1,
  loadMs: () => 0,
  packetMs: () => 0.2,
  syncMs: () => 2,
  rewriteMs: () => 1,
}

/** What the parts of the fake share. */
export interface FakeWire {
  readonly clock: Clock
  readonly timing: FakeTiming
  /**
   * The process that a host and port lead to, as another one sees it; null when the name is unknown or nobody
   * listens.
   */
  lookUp(upstream: Upstream, from: FakeProcess): FakeProcess | null
  /** What each side does with what it reads. */
  atReplica(link: Link, message: ToReplica): void
  atMaster(link: Link, message: ToMaster): void
  /** Told of every change that a simulation may want to judge, after it. */
  onChange(change: FakeChange): void
}

export type FakeChange =
  | { readonly kind: 'promoted'; readonly process: FakeProcess }
  | { readonly kind: 'demoted'; readonly process: FakeProcess }
  /** SHUTDOWN: it has saved, and ends; told before it does. */
  | { readonly kind: 'shut-down'; readonly process: FakeProcess }
  /** A full synchronisation is about to replace what it holds; told before. */
  | { readonly kind: 'overwriting'; readonly process: FakeProcess; readonly by: Dataset }

/**
 * A packet to the replica: in order, unless it gets lost; read when the replica is awake and has loaded what
 * came before.
 */
export function toReplica(wire: FakeWire, link: Link, message: ToReplica): void {
  const { clock, timing } = wire
  const nowMs = clock.monotonicMs()
  link.arrivesAtMs = Math.max(link.arrivesAtMs, nowMs + timing.packetMs() + link.replica.slowMs)
  clock.after(link.arrivesAtMs - nowMs, () => {
    if (!link.broken) whenAwake(link.replica, () => readAtReplica(wire, link, message))
  })
}

function readAtReplica(wire: FakeWire, link: Link, message: ToReplica): void {
  if (!link.open || link.replica.link !== link) return
  link.lastIoAtMs = wire.clock.monotonicMs()
  if (link.state === 'loading') link.unread.push(message)
  else wire.atReplica(link, message)
}

/** A packet to the master. */
export function toMaster(wire: FakeWire, link: Link, message: ToMaster): void {
  wire.clock.after(wire.timing.packetMs(), () => {
    if (!link.broken) whenAwake(link.master, () => wire.atMaster(link, message))
  })
}

/** Whoever follows gets it, now or after its snapshot. */
export function pass(wire: FakeWire, process: FakeProcess, entry: Entry): void {
  for (const { state, link, buffered } of process.followers) {
    if (state === 'send_bulk') buffered.push(entry)
    if (state === 'online') toReplica(wire, link, { kind: 'entry', entry })
  }
}

export function dropFollowers(wire: FakeWire, process: FakeProcess): void {
  for (const { link } of process.followers.splice(0)) toReplica(wire, link, { kind: 'end' })
}

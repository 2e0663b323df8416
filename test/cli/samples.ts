import type { EventRecord } from '../../src/events/journal/record.js'

/** 23 November 2026, 12:00 UTC: the moment at which all screens are looked at. */
export const noonMs = Date.UTC(2026, 10, 23, 12)

/** A master that died a minute ago, and what became of it. */
export const sampleEvents: readonly EventRecord[] = [
  event(1, 'info', 'daemon.started', 'daemon started', null, {
    version: '0.1.0',
    pid: 812,
    engine: 'docker 20.10.24 at unix:///var/run/docker.sock (default socket)',
  }),
  event(2, 'warn', 'node.offline', 'node is no longer online', 'shop', {
    node: 0,
    name: 'shop-master',
    health: 'stopped',
  }),
  event(3, 'warn', 'failover.started', 'master has failed; failover started', 'shop', {
    from: 0,
    epoch: 2,
    reason: 'node 0, the master, has closed its connections and nothing listens at its address',
  }),
  event(4, 'warn', 'master.changed', 'master changed', 'shop', {
    from: 0,
    to: 1,
    epoch: 2,
    kind: 'failover',
    reason: 'node 0, the master, has closed its connections and nothing listens at its address',
  }),
  event(5, 'info', 'image.pulling', 'pulling image', 'cart', {
    image: 'redis:8',
    doneBytes: 1_048_576,
    totalBytes: 41_943_040,
  }),
  event(6, 'error', 'flotilla.held', 'on hold: someone has to decide', 'cart', {
    hold: 'NameConflict',
    reason: 'the container cart-master is not ours',
    type: 'docker rename cart-master other-cart-master',
  }),
]

function event(
  id: number,
  level: EventRecord['level'],
  code: string,
  msg: string,
  flotilla: string | null,
  fields: EventRecord['fields'],
): EventRecord {
  return {
    ...{ id, level, event: code, msg, flotilla, fields },
    time: new Date(noonMs - 60_000 + id * 137).toISOString(),
    pass: flotilla === null ? null : '1f3a',
  }
}

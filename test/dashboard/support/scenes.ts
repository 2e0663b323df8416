import type { EventRecord } from '../../../src/events/journal/record.js'
import type { Snapshot } from '../../../src/reconciler/loop/controller.js'
import type { ObservedNode } from '../../../src/model/observation.js'
import { readingsOf } from '../../../src/timeseries/readings.js'
import { stepMs, stepsKept } from '../../../src/timeseries/time-series.js'
import { snapshotOf, type FakeControlApi } from '../../http/support/fake-control-api.js'
import {
  follower,
  historyEntry,
  master,
  memory,
  replica,
  stopped,
  type Case,
} from '../../reconciler/support/world.js'

/**
 * What a daemon may know when somebody opens the page. Each is put on a desk that the real server serves
 * from.
 */
export const scenes = {
  healthy: api => putShop(api, { replicas: 3 }),
  degraded: api =>
    putShop(api, {
      replicas: 3,
      nodes: [head([1, 3]), following(1), stopped(2), following(3, { link: 'down' })],
      more: [event('node.died', 'warn', 40, { node: 2, name: 'shop-replica-2', exitCode: 137 })],
    }),
  held: api =>
    putShop(api, {
      replicas: 2,
      nodes: [head([1]), following(1)],
      seen: { foreignContainers: [{ name: 'shop-replica-2', containerId: 'f'.repeat(64), image: 'nginx' }] },
      more: [
        event('flotilla.held', 'error', 30, {
          hold: 'NameConflict',
          reason: 'the container shop-replica-2 is not ours',
        }),
      ],
    }),
  masterless: api =>
    putShop(api, {
      replicas: 2,
      nodes: [
        stopped(0, { name: 'shop-master' }),
        following(1, { link: 'down' }),
        following(2, { link: 'down' }),
      ],
    }),
  paused: api =>
    putShop(api, {
      replicas: 2,
      nodes: [head([1]), following(1), stopped(2)],
      memory: { pausedSinceMs: Date.now() - 300_000 },
    }),
  many: api => putShop(api, { replicas: 13 }),
  fleet(api) {
    scenes.healthy(api)
    const healthy = api.snapshots.get('shop') ?? null
    scenes.degraded(api)
    const degraded = api.snapshots.get('shop') ?? null
    scenes.held(api)
    const held = api.snapshots.get('shop') ?? null
    scenes.masterless(api)
    const masterless = api.snapshots.get('shop') ?? null
    api.snapshots.clear()
    for (const [name, snapshot] of [
      ...(['accounts', 'basket', 'catalogue', 'sessions', 'search', 'rate-limits'] as const).map(
        one => [one, healthy] as const,
      ),
      ['billing', degraded] as const,
      ['checkout', masterless] as const,
      ['mail-queue', held] as const,
    ])
      if (snapshot !== null) api.snapshots.set(name, renamed(snapshot, name))
  },
  empty: api => api.snapshots.clear(),
} as const satisfies Readonly<Record<string, (api: FakeControlApi) => void>>

const offsetNow = 48_213_555

interface Shop {
  readonly replicas: number
  readonly nodes?: readonly ObservedNode[]
  readonly seen?: Case['seen']
  readonly memory?: Parameters<typeof memory>[1]
  readonly more?: readonly EventRecord[]
}

function putShop(api: FakeControlApi, shop: Shop): void {
  const ordinals = Array.from({ length: shop.replicas }, (_, index) => index + 1)
  const nowMs = Date.now()
  api.nowMs = () => Date.now()
  const history = [
    historyEntry({
      kind: 'creation',
      epoch: 1,
      from: null,
      to: 1,
      reason: 'a new flotilla',
      ...took(2_175, 86_400_000),
    }),
    historyEntry({
      epoch: 2,
      from: 1,
      to: 0,
      reason: 'node 1, the master, has closed its connections and nothing listens at its address',
      ...took(178, 1_380_000),
    }),
  ]
  const folded = memory(0, { everReady: true, generation: 3, epoch: 2, history, ...shop.memory })
  const wanted = { spec: { replicas: shop.replicas }, memory: folded }
  const whole = [head(ordinals), ...ordinals.map(ordinal => following(ordinal))]
  const before = snapshotOf({ ...wanted, nodes: whole, seen: { atMs: nowMs - 1_320_000 } })
  const snapshot = snapshotOf(
    { ...wanted, nodes: shop.nodes ?? whole, seen: { atMs: nowMs, ...shop.seen } },
    before.status,
  )
  api.snapshots.set('shop', snapshot)
  noteAnHour(api, snapshot)
  api.records = [
    event('node.offline', 'warn', 1_380, { node: 1, name: 'shop-master', health: 'unreachable' }),
    event('flotilla.phase', 'info', 1_380, { from: 'Ready', to: 'Unavailable', reason: 'no master' }),
    event('failover.started', 'warn', 1_380, {
      from: 1,
      epoch: 2,
      reason: 'node 1 has closed its connections',
    }),
    event('master.changed', 'warn', 1_379, { from: 1, to: 0, epoch: 2, kind: 'failover' }),
    event('flotilla.phase', 'info', 1_379, {
      from: 'Unavailable',
      to: 'Degraded',
      reason: '1 of 2 replicas online',
    }),
    event('node.online', 'info', 1_320, { node: 1, name: 'shop-replica-1', role: 'replica', afterMs: 1228 }),
    event('flotilla.phase', 'info', 1_320, { from: 'Degraded', to: 'Ready', reason: 'all nodes online' }),
    event('flotilla.ready', 'info', 1_320, {
      master: 'shop-master',
      replicas: shop.replicas,
      generation: 3,
      epoch: 2,
    }),
    ...(snapshot.status.phase === 'Ready'
      ? []
      : [
          event('flotilla.phase', 'info', 40, {
            from: 'Ready',
            to: snapshot.status.phase,
            reason: snapshot.status.reason,
          }),
        ]),
    ...(shop.more ?? []),
  ].map((record, index) => ({ ...record, id: index + 1 }))

  function took(ms: number, agoMs: number) {
    const endedAtMs = nowMs - agoMs
    return { endedAtMs, startedAtMs: endedAtMs - ms, troubleAtMs: endedAtMs - ms - 3 }
  }
}

function head(replicas: readonly number[]): ObservedNode {
  return master(0, {
    offset: offsetNow,
    opsPerSecond: 1_240,
    connectedClients: 34,
    keys: 184_202,
    memory: { usedBytes: 67_900_000, rssBytes: 81_000_000, maxBytes: 268_435_456 },
    followers: replicas.map(ordinal => ({ ...follower(ordinal), offset: offsetNow - ordinal * 120 })),
  })
}

function following(ordinal: number, { link = 'up' }: { readonly link?: 'up' | 'down' } = {}): ObservedNode {
  const behind = offsetNow - ordinal * 120
  return replica(ordinal, {
    offset: behind,
    opsPerSecond: 180 - ordinal * 11,
    connectedClients: 6 + ordinal,
    keys: 184_202,
    memory: { usedBytes: 66_100_000 - ordinal * 900_000, rssBytes: 79_000_000, maxBytes: 268_435_456 },
    upstream: {
      link,
      appliedOffset: behind,
      readOffset: behind,
      linkDownSeconds: link === 'down' ? 12 : null,
    },
  })
}

/** Waves, so that there is something to see, and a dip where the failover was. */
function noteAnHour(api: FakeControlApi, { status }: Snapshot): void {
  const endMs = Date.now()
  api.series.forget('shop')
  for (let step = stepsKept - 1; step >= 0; step--) {
    const isDown = step >= 132 && step <= 137
    const wave = 1 + 0.25 * Math.sin(step / 17) + 0.12 * Math.sin(step / 5.3 + 1)
    api.series.record(
      'shop',
      endMs - step * stepMs,
      readingsOf(status.nodes)
        .filter(({ ordinal }) => !(isDown && ordinal === 1))
        .map(reading => ({
          ordinal: reading.ordinal,
          lagBytes:
            reading.lagBytes === null ? null : Math.round(reading.lagBytes * wave * (step === 131 ? 60 : 1)),
          opsPerSecond: reading.opsPerSecond === null ? null : Math.round(reading.opsPerSecond * wave),
          memoryBytes:
            reading.memoryBytes === null ? null : Math.round(reading.memoryBytes * (1 - step / 1_600)),
          offset: reading.offset === null ? null : reading.offset - step * 41_000,
        })),
    )
  }
}

function event(
  code: string,
  level: EventRecord['level'],
  secondsAgo: number,
  fields: EventRecord['fields'],
): EventRecord {
  return {
    ...{ id: 0, event: code, level, fields, flotilla: 'shop', pass: null },
    msg: messages[code] ?? code,
    time: new Date(Date.now() - secondsAgo * 1_000).toISOString(),
  }
}

const messages: Readonly<Record<string, string>> = {
  'node.offline': 'node is no longer online',
  'node.online': 'node is online',
  'node.died': 'node exited',
  'failover.started': 'master has failed; failover started',
  'master.changed': 'master changed',
  'flotilla.ready': 'flotilla is ready',
  'flotilla.phase': 'phase changed',
  'flotilla.held': 'on hold: someone has to decide',
}

/** The same under another name. */
function renamed(snapshot: Snapshot, name: string): Snapshot {
  return JSON.parse(JSON.stringify(snapshot).replaceAll('shop', name)) as Snapshot
}

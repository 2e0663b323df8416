import { writeRefusal, type WriteRefusal } from '../../redis/write-refusal.js'
import { desiredPersistence } from '../desired/persistence.js'
import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import { desiredOptions } from '../plan/settings/options.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import type { FlotillaStatus } from '../../model/status.js'
import type { RedisFacts } from '../../model/redis.js'

/** Why the master refuses the writes of its clients; null when it takes them, or there is none. */
export function refusedWrites(
  input: PlanInput,
  master: Member | null,
  previous: FlotillaStatus | null,
): WriteRefusal | null {
  const facts = master === null ? null : master.facts
  if (facts === null || master === null) return null
  const before = previous?.nodes.find(({ ordinal }) => ordinal === master.ordinal)
  const refusedBefore = before?.startedAt === startedAtOf(master) ? (before.refusedWrites ?? 0) : 0
  const {
    save,
    'stop-writes-on-bgsave-error': stopWrites = 'yes',
    ...wanted
  } = {
    ...desiredOptions(input, master.ordinal),
    ...master.seen?.applied?.options,
  }
  return writeRefusal(facts, {
    savesSnapshots: desiredPersistence(input.spec).mode === 'rdb' && save !== '',
    stopsWhenSnapshotFails: stopWrites !== 'no',
    minReplicas: Number(wanted['min-replicas-to-write'] ?? 0),
    wasOutOfMemory:
      previous?.conditions.find(({ type }) => type === 'WritesAccepted')?.reason === 'OutOfMemory',
    hasRefused: before !== undefined && refusedWritesOf(facts) > refusedBefore,
  })
}

/** Of all that its process has refused since its start. */
export function refusedWritesOf({ refused }: RedisFacts): number {
  return refused.outOfMemory + refused.disk + refused.tooFewReplicas
}

function startedAtOf({ seen }: Member): string | null {
  const startedAtMs = seen?.container.startedAtMs ?? null
  return startedAtMs === null ? null : new Date(startedAtMs).toISOString()
}

/** The condition WritesAccepted. `whyNone` says why there is no master. */
export function writesCondition(
  input: PlanInput,
  master: Member | null,
  { refusal, whyNone }: { readonly refusal: WriteRefusal | null; readonly whyNone: string },
): ConditionValue {
  if (master === null) return conditionFalse('NoMaster', whyNone)
  if (refusal === null) return conditionTrue('Accepted', `node ${master.ordinal} takes writes`)
  const name = master.seen?.container.name ?? ''
  return conditionFalse(refusal.reason, refusalMessage(refusal, { name, flotilla: input.spec.name }))
}

function refusalMessage(
  { reason, reply, detail }: WriteRefusal,
  of: { readonly name: string; readonly flotilla: string },
): string {
  return `${of.name} refuses writes, ${detail}. It answers ${reply}. Fix: ${remedies[reason](of)}`
}

const remedies: Readonly<
  Record<WriteRefusal['reason'], (of: { readonly name: string; readonly flotilla: string }) => string>
> = {
  OutOfMemory: ({ flotilla }) =>
    `in the manifest of ${flotilla}, raise resources.memory or config.maxmemory, or let it evict (config: { maxmemory-policy: allkeys-lru }), and save it; or delete keys`,
  DiskError: ({ name, flotilla }) =>
    `docker exec ${name} df -h /data   (make room: writes go on by themselves; flotilla logs ${flotilla} says what failed)`,
  SnapshotFailed: ({ name, flotilla }) =>
    `flotilla cli --control ${flotilla} bgsave   (first make room: docker exec ${name} df -h /data; flotilla logs ${flotilla} says what failed)`,
  TooFewReplicas: ({ flotilla }) =>
    `flotilla status ${flotilla}   (writes go on once that many replicas are in sync; or lower durability.minReplicasToWrite in the manifest)`,
  Paused: ({ flotilla }) =>
    `flotilla cli --control ${flotilla} client unpause   (or wait: a pause ends by itself)`,
}

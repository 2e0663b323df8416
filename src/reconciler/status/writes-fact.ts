import type { RedisFacts } from '../../redis/redis.js'
import { writeRefusal, type WriteRefusal } from '../../redis/write-refusal.js'
import { keepingIn } from '../keeping.js'
import { factsOf, type ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import { tunedOptions } from '../plan/tuned-options.js'
import { no, yes, type Fact } from './fact.js'
import type { FlotillaStatus } from './status.js'

/** Why the master refuses the writes of its clients; null when it takes them, or there is none. */
export function refusedWrites(
  input: PlanInput,
  master: ClassifiedNode | null,
  previous: FlotillaStatus | null,
): WriteRefusal | null {
  const facts = master === null ? null : factsOf(master)
  if (facts === null || master === null) return null
  const before = previous?.nodes.find(({ ordinal }) => ordinal === master.ordinal)
  const refusedBefore = before?.startedAt === startOf(master) ? (before.refusedWrites ?? 0) : 0
  const {
    save,
    'stop-writes-on-bgsave-error': stops = 'yes',
    ...wanted
  } = {
    ...tunedOptions(input, master.ordinal),
    ...master.seen?.applied?.options,
  }
  return writeRefusal(facts, {
    savesSnapshots: keepingIn(input.spec).mode === 'rdb' && save !== '',
    stopsWhenSnapshotFails: stops !== 'no',
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

function startOf({ seen }: ClassifiedNode): string | null {
  const startedAtMs = seen?.container.startedAtMs ?? null
  return startedAtMs === null ? null : new Date(startedAtMs).toISOString()
}

/** The condition WritesAccepted. `whyNone` says why there is no master. */
export function writesFact(
  input: PlanInput,
  master: ClassifiedNode | null,
  { refusal, whyNone }: { readonly refusal: WriteRefusal | null; readonly whyNone: string },
): Fact {
  if (master === null) return no('NoMaster', whyNone)
  if (refusal === null) return yes('Accepted', `node ${master.ordinal} takes writes`)
  const name = master.seen?.container.name ?? ''
  return no(refusal.reason, refusedWords(refusal, { name, flotilla: input.spec.name }))
}

function refusedWords(
  { reason, said, why }: WriteRefusal,
  of: { readonly name: string; readonly flotilla: string },
): string {
  return `${of.name} refuses writes, ${why}. It answers ${said}. Type: ${remedies[reason](of)}`
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

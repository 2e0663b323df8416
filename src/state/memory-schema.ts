import { z } from 'zod'
import { migrateRecord, recordVersion } from './migrate-record.js'
import { defaultUserAccess } from '../manifest/sections/auth.js'
import { defaultContainer } from '../manifest/sections/container.js'
import { defaultPersistence } from '../manifest/sections/persistence.js'
import { defaultTls } from '../manifest/sections/tls.js'
import type { FlotillaSpec } from '../model/spec.js'
import { operationKinds, type FlotillaMemory } from '../model/record.js'

const count = z.int().min(0)
const lineage = z.object({
  runId: z.string(),
  replid: z.string(),
  offset: z.number(),
  keys: count,
  previous: z.object({ replid: z.string(), untilOffset: z.number() }).optional(),
  seenAtMs: z.number(),
})
const operation = z.object({
  kind: z.enum(operationKinds),
  phase: z.enum(['fencing', 'promoting', 'switching']),
  epoch: count,
  from: count.nullable(),
  to: count,
  reason: z.string(),
  troubleAtMs: z.number(),
  startedAtMs: z.number(),
  requestId: z.string().nullable(),
})

const historyEntry = operation.omit({ phase: true }).extend({
  endedAtMs: z.number(),
  result: z.enum(['done', 'aborted', 'refused']),
  offsetGapBytes: z.number().nullable(),
  detail: z.string().nullable(),
})

const request = z.object({
  requestId: z.string(),
  kind: z.enum(['switchover', 'failover', 'take-over']),
  to: count.nullable(),
  force: z.boolean(),
  atMs: z.number(),
  timeoutMs: z.number(),
})

const redisOptions = z.record(z.string(), z.array(z.string()))
const passwordSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('generated') }),
  z.object({ kind: z.literal('password-file'), path: z.string() }),
  z.object({ kind: z.literal('password-env'), variable: z.string() }),
  z.object({ kind: z.literal('none') }),
])
const auth = passwordSource.and(
  z.object({
    // Before it could be said, `default` could do everything; what it may do today is for today's default to
    // say.
    defaultUser: z.enum(['restricted', 'full', 'off']).prefault(defaultUserAccess),
    overlapMs: z.number().prefault(600_000),
    users: z.array(z.object({ name: z.string(), rules: z.string(), password: passwordSource })).prefault([]),
  }),
)

const source = z.object({
  at: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('container'), container: z.string(), port: count }),
    z.object({ kind: z.literal('host'), host: z.string(), port: count }),
  ]),
  user: z.string().nullable(),
  passwordFile: z.string().nullable(),
})

const persistenceMode = z.object({
  mode: z.enum(['aof', 'rdb', 'none']),
  save: z.array(z.string()),
  appendfsync: z.enum(['everysec', 'always', 'no']),
})
/** An earlier version knew nothing but the mode. */
const persistence = persistenceMode
  .partial({ save: true, appendfsync: true })
  .extend({
    whenScaled: z.enum(['Retain', 'Delete']).prefault('Retain'),
    volume: z
      .object({
        // An earlier version called them all alike.
        name: z.string().prefault(defaultPersistence('aof').volume.name),
        driver: z.string(),
        options: z.record(z.string(), z.string()),
        labels: z.record(z.string(), z.string()),
      })
      .optional(),
  })
  .transform(({ mode, save, appendfsync, whenScaled, volume }): FlotillaSpec['persistence'] => {
    const usual = defaultPersistence(mode)
    return {
      ...{ mode, save: save ?? usual.save, appendfsync: appendfsync ?? usual.appendfsync, whenScaled },
      volume: volume ?? usual.volume,
    }
  })

const resources = z.object({ memoryBytes: z.number().nullable(), cpus: z.number().nullable() })
const listenAddress = z.object({ host: z.string(), port: count })

const gateway = z.object({
  image: z.string(),
  master: listenAddress,
  replicas: listenAddress.nullable(),
  replicasFallback: z.enum(['master', 'refuse']),
  maxLagSeconds: z.number(),
  resources,
})

const spec = z.object({
  name: z.string(),
  image: z.string(),
  replicas: count,
  auth,
  tls: z
    .object({
      mode: z.enum(['off', 'prefer', 'require']),
      certificates: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('generated'), lifetimeMs: z.number() }),
        z.object({
          kind: z.literal('files'),
          certFile: z.string(),
          keyFile: z.string(),
          caFile: z.string(),
        }),
      ]),
    })
    .prefault(defaultTls),
  persistence,
  config: redisOptions.prefault({}),
  resources: resources.prefault({ memoryBytes: null, cpus: null }),
  container: z
    .object({
      capAdd: z.array(z.string()),
      pidsLimit: z.number().nullable(),
      ulimits: z.record(z.string(), z.number()),
      logging: z
        .object({
          driver: z.enum(['json-file', 'local', 'journald']),
          maxSize: z.number(),
          maxFiles: z.number(),
        })
        .nullable(),
      env: z.record(z.string(), z.string()),
    })
    .prefault({ ...defaultContainer, capAdd: [] }),
  failover: z
    .object({
      mode: z.enum(['automatic', 'manual']),
      hangTimeoutMs: z.number(),
      restartWindowMs: z.number(),
      maxLagBytes: z.number().nullable(),
    })
    .prefault({ mode: 'automatic', hangTimeoutMs: 5_000, restartWindowMs: 0, maxLagBytes: null }),
  durability: z
    .object({ minReplicasToWrite: count, maxLagSeconds: z.number() })
    .prefault({ minReplicasToWrite: 0, maxLagSeconds: 10 }),
  update: z
    .object({
      strategy: z.enum(['rolling', 'onDelete']),
      pauseBetweenMs: z.number(),
      timeoutMs: z.number(),
      whenTagMoves: z.enum(['wait', 'roll']).prefault('wait'),
    })
    .prefault({ strategy: 'rolling', pauseBetweenMs: 0, timeoutMs: 600_000 }),
  network: z
    .object({ subnet: z.string().nullable(), external: z.array(z.string()) })
    .prefault({ subnet: null, external: [] }),
  gateway: gateway.nullable().prefault(null),
  labels: z.record(z.string(), z.string()).prefault({}),
  bootstrap: source.nullable().prefault(null),
  deletionPolicy: z.enum(['Retain', 'Delete', 'Orphan']),
})

const imageProbe = z.object({
  image: z.string(),
  imageId: z.string(),
  atMs: z.number(),
  outcome: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('failed'),
      reason: z.string(),
      tried: redisOptions,
      times: z.number().optional(),
    }),
    z.object({
      kind: z.literal('answered'),
      product: z.enum(['redis', 'valkey']),
      version: z.string(),
      rdbVersion: z.number().nullable(),
      options: z.record(
        z.string(),
        z.object({
          tried: z.array(z.string()),
          verdict: z.enum(['live', 'restart', 'unknown', 'invalid']),
          byDefault: z.string().nullable(),
          reads: z.string().nullable(),
          message: z.string().nullable(),
        }),
      ),
    }),
  ]),
  data: z.object({ atMs: z.number(), from: z.string(), refusal: z.string().nullable() }).exactOptional(),
})

const memory = z.object({
  flotilla: z.string(),
  generation: count,
  spec: spec.nullable(),
  epoch: count,
  master: z.object({ ordinal: count, sinceMs: z.number(), lineage: lineage.nullable() }).nullable(),
  nodes: z.array(
    z.object({
      ordinal: count,
      lineage: lineage.nullable(),
      crashes: z.array(
        z.object({
          atMs: z.number(),
          ranMs: z.number(),
          exitCode: z.number(),
          served: z.boolean().prefault(false),
        }),
      ),
      endedRun: z.string().nullable().prefault(null),
      restartAskedAtMs: z.number().nullable(),
      applied: z.record(z.string(), z.object({ incarnation: z.string(), digest: z.string() })),
      divergence: z
        .object({ runId: z.string(), reason: z.string(), atMs: z.number() })
        .nullable()
        .prefault(null),
      fullCopy: z.object({ runId: z.string(), errors: count, atMs: z.number() }).nullable().prefault(null),
      persistence: z.object({
        current: persistenceMode.nullable(),
        pending: persistenceMode.nullable(),
        snapshotAsked: z.object({ runId: z.string(), lastSaveAtMs: z.number().nullable() }).nullable(),
      }),
    }),
  ),
  source: z
    .object({
      from: source,
      leader: count,
      phase: z.enum(['followed', 'left']),
      network: z.string().nullable(),
      sinceMs: z.number(),
    })
    .nullable()
    .prefault(null),
  operation: operation.nullable(),
  divergent: z.array(count),
  request: request.nullable(),
  history: z.array(historyEntry),
  answers: z
    .array(
      z.object({
        requestId: z.string(),
        result: z.enum(['done', 'refused', 'expired', 'withdrawn']),
        detail: z.string(),
      }),
    )
    .prefault([]),
  everReady: z.boolean(),
  pausedSinceMs: z.number().nullable(),
  manifestMissing: z.object({ sinceMs: z.number(), removedAtMs: z.number() }).nullable().prefault(null),
  dataLost: z.object({ atMs: z.number(), keys: count, reason: z.string() }).nullable(),
  usersRefused: z.object({ digest: z.string(), reason: z.string() }).nullable().prefault(null),
  config: z
    .object({
      options: redisOptions,
      live: z.record(z.string(), z.string()),
      restart: z.array(z.string()),
    })
    .nullable()
    .prefault(null),
  trials: z.array(imageProbe).prefault([]),
  imageTrouble: z
    .object({ image: z.string(), reason: z.string(), atMs: z.number() })
    .nullable()
    .prefault(null),
  failed: z
    .array(
      z.object({
        key: z.string(),
        subject: z.string(),
        action: z.string(),
        error: z.string(),
        hint: z.string().nullable(),
        code: z.string().nullable(),
        times: count,
        sinceMs: z.number(),
        lastAtMs: z.number(),
      }),
    )
    .prefault([]),
  transport: z.enum(['plain', 'mixed', 'encrypted']).prefault('plain'),
  roleChanges: z.array(z.object({ ordinal: count, replid: z.string(), atMs: z.number() })).prefault([]),
  volumesToRemove: z.array(z.object({ ordinal: count, volume: z.string() })).prefault([]),
})

const file = z.object({ version: z.literal(recordVersion), memory })

export type MemoryReading =
  | { readonly kind: 'read'; readonly memory: FlotillaMemory }
  | { readonly kind: 'unusable'; readonly reason: string }

/** Reads a state file's text; whatever is wrong with it is a reason in words, never an exception. */
export function parseMemory(text: string): MemoryReading {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { kind: 'unusable', reason: 'it is not JSON (cut short, perhaps)' }
  }
  const version = z.object({ version: z.number() }).safeParse(json)
  if (version.success && version.data.version > recordVersion)
    return {
      kind: 'unusable',
      reason: `it was written by a newer Flotilla (version ${version.data.version}, this one reads ${recordVersion})`,
    }
  const parsed = file.safeParse(migrateRecord(json))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return {
      kind: 'unusable',
      reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not the expected shape'}`,
    }
  }
  return { kind: 'read', memory: parsed.data.memory }
}

export function renderMemory(value: FlotillaMemory): string {
  return `${JSON.stringify({ version: recordVersion, memory: value }, null, 2)}\n`
}

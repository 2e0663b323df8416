import { z } from 'zod'
import { migrateRecord, recordVersion } from './migrate-record.js'
import { defaultUserAccess } from '../manifest/sections/auth.js'
import { defaultContainer } from '../manifest/sections/container.js'
import { defaultImagePull } from '../manifest/sections/image-pull.js'
import { defaultPersistence } from '../manifest/sections/persistence.js'
import { defaultTls } from '../manifest/sections/tls.js'
import type { FlotillaSpec } from '../model/spec.js'
import { redisOptions } from '../model/image-probe.js'
import { persistenceSettings, recordWithoutSpec, sourceSpec, type FlotillaMemory } from '../model/record.js'

const count = z.int().min(0)
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

/** An earlier version knew nothing but the mode. */
const persistence = persistenceSettings
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

const backup = z.object({
  schedule: z.object({ cron: z.string(), timeZone: z.string() }).nullable(),
  to: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('path'), path: z.string() }),
    z.object({
      kind: z.literal('s3'),
      endpoint: z.string(),
      bucket: z.string(),
      prefix: z.string(),
      region: z.string(),
      credentialsFile: z.string(),
    }),
  ]),
  keep: z.object({ last: count, daily: count, weekly: count, monthly: count }),
  from: z.enum(['replica', 'master']),
  verify: z.enum(['always', 'daily', 'never']),
  keyFile: z.string().nullable(),
  suspend: z.boolean(),
})

const spec = z.object({
  name: z.string(),
  image: z.string(),
  replicas: count,
  auth,
  tls: z
    .object({
      mode: z.enum(['off', 'prefer', 'require']),
      // Before it could be said, nobody was asked.
      clientAuth: z.enum(['none', 'optional', 'require']).prefault('none'),
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
      shmSizeBytes: z.number().nullable().prefault(null),
      stopTimeoutSeconds: z.number().nullable().prefault(null),
      sysctls: z.record(z.string(), z.string()).prefault({}),
      securityOpt: z.array(z.string()).prefault([]),
    })
    .prefault({ ...defaultContainer, capAdd: [], securityOpt: [] }),
  imagePull: z
    .object({ policy: z.enum(['IfNotPresent', 'Always', 'Never']), secretFile: z.string().nullable() })
    .prefault({ ...defaultImagePull }),
  failover: z
    .object({
      mode: z.enum(['automatic', 'manual']),
      hangTimeoutMs: z.number(),
      restartWindowMs: z.number(),
      maxLagBytes: z.number().nullable(),
      priority: z.record(z.string(), z.number()).prefault({}),
    })
    .prefault({
      mode: 'automatic',
      hangTimeoutMs: 5_000,
      restartWindowMs: 0,
      maxLagBytes: null,
      priority: {},
    }),
  durability: z
    .object({ minReplicasToWrite: count, maxLagSeconds: z.number() })
    .prefault({ minReplicasToWrite: 0, maxLagSeconds: 10 }),
  update: z
    .object({
      strategy: z.enum(['rolling', 'onDelete']),
      pauseBetweenMs: z.number(),
      timeoutMs: z.number(),
      whenTagMoves: z.enum(['wait', 'roll']).prefault('wait'),
      master: z.enum(['automatic', 'approve', 'window']).prefault('automatic'),
      window: z
        .object({
          schedule: z.object({ cron: z.string(), timeZone: z.string() }),
          durationMs: z.number(),
        })
        .nullable()
        .prefault(null),
    })
    .prefault({ strategy: 'rolling', pauseBetweenMs: 0, timeoutMs: 600_000 }),
  network: z
    .object({ subnet: z.string().nullable(), external: z.array(z.string()) })
    .prefault({ subnet: null, external: [] }),
  gateway: gateway.nullable().prefault(null),
  labels: z.record(z.string(), z.string()).prefault({}),
  bootstrap: sourceSpec.nullable().prefault(null),
  hibernate: z.boolean().prefault(false),
  backup: backup.nullable().prefault(null),
  deletionPolicy: z.enum(['Retain', 'Delete', 'Orphan']),
})

const memory = recordWithoutSpec.extend({ spec: spec.nullable() })

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

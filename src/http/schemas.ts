import { z } from 'zod'
import type { HistoryEntry } from '../reconciler/memory.js'
import { conditionTypes, phases, type FlotillaStatus, type NodeStatus } from '../reconciler/status/status.js'
import type { FlotillaSeries } from '../series/series.js'

/** The shapes that the API answers with. Compared with the types that they describe when this is compiled, and with real answers by the tests. */

const time = z.iso.datetime()
const count = z.int().nonnegative()

const nodeStatus = z.object({
  name: z.string().meta({ description: 'Name of its container, which is its role.' }),
  ordinal: count,
  alias: z.string().meta({ description: 'Network alias that never changes.' }),
  role: z.enum(['master', 'replica']),
  health: z.enum([
    'online',
    'syncing',
    'starting',
    'loading',
    'busy',
    'unpromoted',
    'stray',
    'locked-out',
    'unreachable',
    'paused',
    'detached',
    'stopped',
    'absent',
  ]),
  link: z.enum(['up', 'down']).nullable(),
  offset: z.number().nullable(),
  lagBytes: z.number().nullable(),
  lagSeconds: z.number().nullable(),
  lastIoSeconds: z.number().nullable(),
  address: z.string().nullable(),
  containerId: z.string().nullable(),
  image: z.string(),
  replid: z.string().nullable(),
  memory: z.object({ usedBytes: count, maxBytes: count }).nullable(),
  connections: count.nullable(),
  opsPerSecond: count.nullable(),
  startedAt: time.nullable(),
  crashes: z.object({ count, lastAt: time.nullable() }),
  lastExit: z.object({ code: z.int(), oomKilled: z.boolean(), at: time }).nullable(),
}) satisfies z.ZodType<NodeStatus>

const condition = z.object({
  type: z.enum(conditionTypes),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  observedGeneration: count,
  lastTransitionTime: time,
})

const flotillaStatus = z.object({
  name: z.string(),
  phase: z.enum(phases),
  reason: z.string(),
  generation: count,
  observedGeneration: count,
  epoch: count,
  createdAt: time.nullable(),
  lastFailover: time.nullable(),
  master: z
    .string()
    .nullable()
    .meta({ description: 'Container name of the master; null while nobody reigns.' }),
  nodes: z.array(nodeStatus),
  conditions: z.array(condition),
  doing: z.array(z.string()),
  waitingFor: z.array(z.string()),
  refusing: z.array(z.object({ code: z.string(), why: z.string(), whatToType: z.string() })),
}) satisfies z.ZodType<FlotillaStatus>

export const node = nodeStatus.extend({
  facts: z
    .object({
      flavour: z.enum(['redis', 'valkey']),
      version: z.string(),
      uptimeSeconds: count,
      keys: count,
      memoryUsedBytes: count,
      memoryRssBytes: count,
      memoryMaxBytes: count,
      connectedClients: count,
      operationsPerSecond: count,
      loading: z.boolean(),
      aofEnabled: z.boolean(),
      lastSaveOk: z.boolean(),
    })
    .nullable()
    .meta({ description: 'From INFO; null while it does not answer.' }),
})

/** What `status -o json` says, with what a page needs beside it, and what each node's INFO says. */
export const flotilla = flotillaStatus.extend({
  nodes: z.array(node),
  lookedAt: time.meta({ description: 'When what is told here was seen.' }),
  spec: z.object({ image: z.string(), replicas: count }),
  pausedSince: time.nullable(),
})

export const historyEntry = z.object({
  kind: z.enum(['creation', 'restart', 'failover', 'cold-start', 'adoption', 'switchover']),
  epoch: count,
  from: count.nullable(),
  to: count,
  reason: z.string(),
  troubleAtMs: z.number(),
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  requestId: z.string().nullable(),
  result: z.enum(['done', 'aborted', 'refused']),
  offsetGapBytes: z.number().nullable(),
  detail: z.string().nullable(),
}) satisfies z.ZodType<HistoryEntry>

export const plan = z.object({
  flotilla: z.string(),
  lookedAt: time,
  stages: z.array(
    z.array(
      z.object({
        kind: z.string(),
        action: z.string(),
        cause: z.string(),
        disrupts: z
          .string()
          .nullable()
          .meta({ description: 'What whoever uses the flotilla notices of it; null for nothing.' }),
      }),
    ),
  ),
  waits: z.array(z.object({ what: z.string(), node: count.nullable() })),
  refusals: z.array(z.object({ code: z.string(), why: z.string(), whatToType: z.string() })),
  text: z.string().meta({ description: 'As `flotilla plan` prints it.' }),
})

const line = z.array(z.number().nullable())

export const series = z.object({
  flotilla: z.string(),
  stepSeconds: z.number(),
  startsAt: time.meta({
    description: 'When the first step began. All lines begin then and are equally long.',
  }),
  nodes: z.array(
    z.object({
      ordinal: count,
      lagBytes: line.meta({ description: 'The worst of each step.' }),
      opsPerSecond: line,
      memoryBytes: line,
      offset: line,
    }),
  ),
}) satisfies z.ZodType<FlotillaSeries>

export const daemon = z.object({
  version: z.string(),
  startedAt: time,
  manifests: z.string().meta({ description: 'The folder or file that it keeps.' }),
  flotillas: z.array(z.string()).meta({ description: 'The names of those that it keeps, looked at or not.' }),
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), trouble: z.string().nullable() })),
})

export const flotillaParams = z.object({
  flotilla: z.string().max(63).meta({ description: "The flotilla's name." }),
})

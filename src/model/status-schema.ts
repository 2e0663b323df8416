import { z } from 'zod'
import { conditionTypes, phases, type FlotillaStatus, type NodeStatus } from './status.js'

/**
 * The status as data that comes from outside: what the API answers with, and what is read back from the state
 * directory. Compared with the types when this is compiled.
 */

export const time = z.iso.datetime()
export const count = z.int().nonnegative()

export const nodeStatus = z.object({
  name: z.string().meta({ description: 'Name of its container, which is its role.' }),
  ordinal: count,
  alias: z.string().meta({ description: 'Network alias that never changes.' }),
  role: z.enum(['master', 'replica']),
  health: z.enum([
    'online',
    'syncing',
    'diverged',
    'starting',
    'loading',
    'busy',
    'unpromoted',
    'unexpected-master',
    'auth-failure',
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
  ofOlderSpec: z.boolean(),
  replid: z.string().nullable(),
  memory: z.object({ usedBytes: count, maxBytes: count }).nullable(),
  memoryLimitBytes: count.nullable(),
  connections: count.nullable(),
  opsPerSecond: count.nullable(),
  refusedWrites: count.nullable(),
  startedAt: time.nullable(),
  crashes: z.object({ count, lastAt: time.nullable() }),
  config: z.enum(['applied', 'pending', 'outdated']),
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

export const flotillaStatus = z.object({
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
  rollout: z
    .object({ reason: z.enum(['spec', 'restart']), startedAt: time, renewed: count, total: count })
    .nullable()
    .meta({ description: 'While nodes are recreated, one at a time.' }),
  nodes: z.array(nodeStatus),
  conditions: z.array(condition),
  doing: z.array(z.string()),
  waitingFor: z.array(z.string()),
  failing: z
    .array(
      z.object({
        action: z.string(),
        node: count.nullable(),
        error: z.string(),
        hint: z.string().nullable(),
        code: z.string().nullable(),
        times: count,
        since: time,
        lastAt: time,
        nextTryAt: time,
      }),
    )
    .meta({ description: 'What was tried and failed, with the last failure and the next try.' }),
  refusing: z.array(z.object({ code: z.string(), reason: z.string(), remedy: z.string() })),
}) satisfies z.ZodType<FlotillaStatus>

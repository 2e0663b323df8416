import { z } from 'zod'
import { historyEntry as recorded } from '../model/record.js'
import { count, flotillaStatus, nodeStatus, time } from '../model/status.js'
import type { FlotillaTimeSeries } from '../timeseries/time-series.js'

/**
 * The shapes that the API answers with. Compared with the types that they describe when this is compiled, and
 * with real answers by the tests.
 */

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
  observedAt: time.meta({ description: 'When what is told here was seen.' }),
  stale: z.boolean().meta({
    description:
      'The engine does not answer: all of this is how it was at `observedAt`, and may be so no longer.',
  }),
  spec: z.object({ image: z.string(), replicas: count }),
  pausedSince: time.nullable(),
})

/** As the record has it. */
export const historyEntry = recorded

export const plan = z.object({
  flotilla: z.string(),
  observedAt: time,
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
  refusals: z.array(z.object({ code: z.string(), reason: z.string(), remedy: z.string() })),
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
}) satisfies z.ZodType<FlotillaTimeSeries>

export const daemon = z.object({
  version: z.string(),
  startedAt: time,
  manifests: z.string().meta({ description: 'The folder or file that it keeps.' }),
  flotillas: z.array(z.string()).meta({ description: 'The names of those that it keeps, looked at or not.' }),
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), error: z.string().nullable() })),
})

export const flotillaParams = z.object({
  flotilla: z.string().max(63).meta({ description: "The flotilla's name." }),
})

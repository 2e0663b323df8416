import { z } from 'zod'
import type { FlotillaSpec } from '../../model/spec.js'
import { field } from '../field-docs.js'
import { nearestBytes, nearestWhole } from '../nearest-amount.js'
import { bytes, durationField } from '../units.js'

const failoverModes = ['automatic', 'manual'] as const
const priorityRange = { min: 0, max: 1_000 }
/** Beyond it no node has an ordinal: 201 nodes, and a surge node. */
const ordinalMax = 201

const priority = field(
  z
    .record(
      z.string(),
      field(z.int().min(priorityRange.min).max(priorityRange.max), {
        describe:
          'Of nodes that are equally good the one of the lowest priority is promoted; 0: never. Left out: 100.',
        wants: `a whole number from ${priorityRange.min} to ${priorityRange.max}`,
        example: '10',
        repair: nearestWhole(priorityRange),
      }),
    )
    .superRefine((priorities, context) => {
      for (const key of Object.keys(priorities)) {
        if (/^(0|[1-9]\d{0,2})$/.test(key) && Number(key) <= ordinalMax) continue
        const message = 'is no ordinal of a node; write the number of one, such as 2: 0'
        context.addIssue({ code: 'custom', path: [key], message, params: { at: 'key' } })
      }
    }),
  {
    describe:
      'Which nodes are promoted first, by ordinal, as Redis’s own replica-priority: lower is sooner, 0 is never. The replica that is furthest still comes before the others in a failover; in a switchover and in a roll, where nothing is lost, priority comes first. A node that is master already stays it.',
    wants: 'a mapping of ordinals to priorities',
    example: '{ 1: 10, 2: 0 }',
  },
)

export const failoverSection = field(
  z
    .strictObject({
      mode: field(z.enum(failoverModes), {
        describe:
          'automatic: when the master dies, a replica that has its data is promoted. manual: only when a person says so (flotilla failover).',
        wants: 'automatic or manual',
        example: 'automatic',
        choices: failoverModes,
      }).prefault('automatic'),
      hangTimeout: durationField(
        { minMs: 1_000, maxMs: 600_000 },
        {
          describe:
            'How long a master that runs may give no sign of life before it is killed and replaced. Below 5s a slow command can look like a hang.',
          wants: 'a duration from 1s to 10m, such as 5s',
          example: '5s',
        },
      ).prefault('5s'),
      restartWindow: durationField(
        { minMs: 0, maxMs: 600_000 },
        {
          describe:
            'How long a dead master may take to come back on its own data before a replica is promoted. With an append-only file a crash of the process loses nothing then; 0s promotes at once.',
          wants: 'a duration from 0s to 10m, such as 0s',
          example: '0s',
        },
      ).prefault('0s'),
      maxLagBytes: field(bytes(), {
        describe: 'A replica that is known to lack more than this of the master is not promoted by itself.',
        wants: 'a number of bytes, such as 10mb',
        example: '10mb',
        repair: nearestBytes,
      }).optional(),
      priority: priority.prefault({}),
    })
    .transform(({ hangTimeout, restartWindow, maxLagBytes, ...rest }): FlotillaSpec['failover'] => ({
      ...rest,
      hangTimeoutMs: hangTimeout,
      restartWindowMs: restartWindow,
      maxLagBytes: maxLagBytes ?? null,
    })),
  {
    describe: 'What happens when the master dies or hangs.',
    wants: 'a mapping',
    example: '{ mode: automatic }',
    misplaced: {
      neverPromote: () => 'priority 0 says that; write priority: { 2: 0 }',
      nofailover: () => 'priority 0 says that; write priority: { 2: 0 }',
      failover_priority: () => 'write priority: { 2: 0 }',
    },
  },
)

/** What is right by itself and leaves nobody who could be master. */
export function failoverConflicts({ failover, replicas }: Pick<FlotillaSpec, 'failover' | 'replicas'>): {
  readonly path: readonly string[]
  readonly message: string
}[] {
  const ordinals = Array.from({ length: replicas + 1 }, (_, ordinal) => ordinal)
  return ordinals.some(ordinal => failover.priority[ordinal] !== 0)
    ? []
    : [
        {
          path: ['failover', 'priority'],
          message: `leaves nobody who may be master: of nodes 0 to ${replicas} each has priority 0; leave one of them out`,
        },
      ]
}

import { z } from 'zod'
import type { FlotillaSpec, WindowSpec } from '../../model/spec.js'
import { durationField } from '../units.js'
import { field } from '../field-docs.js'
import { scheduleField, timeZoneField } from './schedule.js'

const strategies = ['rolling', 'onDelete'] as const
const tagPolicies = ['wait', 'roll'] as const
const masterSteps = ['automatic', 'approve', 'window'] as const
const dayMs = 86_400_000

const maintenanceWindow = field(
  z
    .strictObject({
      schedule: scheduleField('When the window opens'),
      duration: durationField(
        { minMs: 60_000, maxMs: 7 * dayMs },
        {
          describe: 'How long it stays open. What was begun in it is brought to its end.',
          wants: 'a duration from 1m to 168h, such as 2h',
          example: '2h',
        },
      ),
      timeZone: timeZoneField.prefault('UTC'),
    })
    .transform(({ schedule, duration, timeZone }): WindowSpec => ({
      schedule: { cron: schedule, timeZone },
      durationMs: duration,
    })),
  {
    describe: 'With master: window, when the master may be replaced in a roll.',
    wants: 'a mapping',
    example: '{ schedule: "0 3 * * 6", duration: 2h, timeZone: Europe/Paris }',
  },
)

/** How a change that needs new containers reaches the nodes. */
export const updateSection = field(
  z
    .strictObject({
      strategy: field(z.enum(strategies), {
        describe:
          'rolling: nodes are recreated one at a time, the master last and after a switchover. onDelete: a node keeps its container until a person removes it, or types flotilla restart.',
        wants: 'rolling or onDelete',
        example: 'rolling',
        choices: strategies,
      }).prefault('rolling'),
      pauseBetween: durationField(
        { minMs: 0, maxMs: dayMs },
        {
          describe:
            'How long a node that was recreated must have run, and be in sync, before the next one is replaced. Not after the switchover: the old master follows a newer one then, and is replaced at once.',
          wants: 'a duration from 0s to 24h, such as 30s',
          example: '30s',
        },
      ).prefault('0s'),
      timeout: durationField(
        { minMs: 5_000, maxMs: dayMs },
        {
          describe:
            'How long a node that was recreated may take to be in sync. After that the rest stays as it is, and the condition RolloutBlocked says so; it goes on as soon as the node is in sync.',
          wants: 'a duration from 5s to 24h, such as 10m',
          example: '10m',
        },
      ).prefault('10m'),
      whenTagMoves: field(z.enum(tagPolicies), {
        describe:
          'What is done when the tag in spec.image comes to mean another image on the engine (a docker pull, a build). wait: nodes stay what they are, the condition ImageMoved says so, and flotilla restart rolls to the other image. roll: it is rolled out like a new spec.image. Flotilla itself pulls only what is missing.',
        wants: 'wait or roll',
        example: 'wait',
        choices: tagPolicies,
      }).prefault('wait'),
      master: field(z.enum(masterSteps), {
        describe:
          'When the last step of a roll is done, the switchover away from the master. automatic: as soon as every replica is up to date. approve: when a person types flotilla rollout approve. window: while the window is open, or when a person approves it. Failovers ask nobody.',
        wants: 'automatic, approve or window',
        example: 'approve',
        choices: masterSteps,
      }).prefault('automatic'),
      window: maintenanceWindow.optional(),
    })
    .superRefine(({ master, window }, context) => {
      const message =
        master === 'window' && window === undefined
          ? 'is missing; write window: { schedule: "0 3 * * 6", duration: 2h }'
          : master !== 'window' && window !== undefined
            ? `is of no use beside master: ${master}; write master: window`
            : null
      if (message !== null) context.addIssue({ code: 'custom', path: ['window'], message })
    })
    .transform(({ pauseBetween, timeout, window, ...rest }): FlotillaSpec['update'] => ({
      ...rest,
      pauseBetweenMs: pauseBetween,
      timeoutMs: timeout,
      window: window ?? null,
    })),
  {
    describe: 'How a change that needs new containers (image, persistence) is rolled out.',
    wants: 'a mapping',
    example: '{ strategy: rolling }',
  },
)

export const defaultUpdate: FlotillaSpec['update'] = updateSection.parse({})

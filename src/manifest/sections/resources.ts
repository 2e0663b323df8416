import { z } from 'zod'
import type { ResourcesSpec } from '../../model/spec.js'
import { nearestCpus, nearestMemory } from '../nearest-amount.js'
import { field } from '../field-docs.js'

const memoryUnits: Readonly<Record<string, number>> = {
  kb: 1_024,
  ki: 1_024,
  mb: 1_048_576,
  mi: 1_048_576,
  gb: 1_073_741_824,
  gi: 1_073_741_824,
}

/** Below this the backlog (64 MB) leaves next to nothing for data. */
const memoryBytesMin = 128 * 1_048_576
const memoryBytesMax = 16_384 * 1_073_741_824

/**
 * `512Mi`, `2Gi` as in Kubernetes, `512mb`, `2gb` as in redis.conf; all of 1024. A bare `m` or `g` is
 * refused: it is 1024² to Docker and 1000² to redis.conf, and in Kubernetes `m` is a thousandth.
 */
function memory({ min, describe }: { readonly min: number; readonly describe: string }) {
  const least = `${min / 1_048_576}Mi`
  return field(
    z
      .string()
      .regex(/^\d+(\.\d+)?[kmgKMG][ibIB]$/)
      .transform(text => {
        const [, amount = '', unit = ''] = /^([\d.]+)([a-z]+)$/i.exec(text) ?? []
        return Math.floor(Number(amount) * (memoryUnits[unit.toLowerCase()] ?? 1))
      })
      .refine(bytes => bytes >= min && bytes <= memoryBytesMax),
    {
      describe,
      wants: `an amount of memory from ${least} to 16384Gi, such as 512Mi or 2Gi`,
      example: '2Gi',
      repair: nearestMemory({ min, max: memoryBytesMax }),
    },
  )
}

const cpusMin = 0.05
const cpusMax = 1_024

/** As `docker run --cpus 1.5`, or in Kubernetes' thousandths. */
function cpus(who: string) {
  return field(
    z
      .union([z.number().min(cpusMin).max(cpusMax), z.string().regex(/^\d+(\.\d+)?m?$/)])
      .transform(value => {
        if (typeof value === 'number') return value
        return value.endsWith('m') ? Number(value.slice(0, -1)) / 1_000 : Number(value)
      })
      .refine(count => count >= cpusMin && count <= cpusMax),
    {
      describe: `The most CPU time that ${who} may have, in CPUs: 1.5, or 1500m.`,
      wants: `a number of CPUs from ${cpusMin} to ${cpusMax}, such as 1.5 or 500m`,
      example: '1.5',
      repair: nearestCpus({ min: cpusMin, max: cpusMax }),
    },
  )
}

export const resourcesSection = resources({
  memory: memory({
    min: memoryBytesMin,
    describe:
      'The most memory that a node may have, as 512Mi or 2Gi (512mb and 2gb are the same), 128Mi at least. The engine ends a node that takes more, so maxmemory is set well below it.',
  }),
  cpus: cpus('a node'),
  describe: 'What a node may use of its host. Applied while it runs.',
})

/** HAProxy takes some 10 MB, and 40 kB more for each connection. */
export const gatewayResourcesSection = resources({
  memory: memory({
    min: 64 * 1_048_576,
    describe:
      'The most memory that the gateway may have, as 256Mi, 64Mi at least; each connection takes some 40 kB.',
  }),
  cpus: cpus('the gateway'),
  describe: 'What the gateway may use of its host.',
})

function resources(fields: {
  readonly memory: ReturnType<typeof memory>
  readonly cpus: ReturnType<typeof cpus>
  readonly describe: string
}) {
  return field(
    z
      .strictObject({ memory: fields.memory.optional(), cpus: fields.cpus.optional() })
      .transform((written): ResourcesSpec => ({
        memoryBytes: written.memory ?? null,
        cpus: written.cpus ?? null,
      })),
    {
      describe: fields.describe,
      wants: 'a mapping',
      example: '{ memory: 2Gi }',
      misplaced: { limits: withoutLimits, requests: withoutLimits },
    },
  )
}

/** Kubernetes has limits and requests; here there are limits alone, and they need no word for it. */
function withoutLimits(written: unknown): string {
  const given = (written ?? {}) as Readonly<Record<string, unknown>>
  const amounts = Object.entries({ memory: given['memory'], cpus: given['cpu'] ?? given['cpus'] }).flatMap(
    ([key, amount]) =>
      (typeof amount === 'string' && /^[\w.]{1,20}$/.test(amount)) || typeof amount === 'number'
        ? [`${key}: ${amount}`]
        : [],
  )
  const example = amounts.length === 0 ? 'memory: 2Gi, cpus: 1.5' : amounts.join(', ')
  return `memory and cpus stand under resources itself, as the most that a node may have; write resources: { ${example} }`
}

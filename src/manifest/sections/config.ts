import { z } from 'zod'
import { whyNotSettable } from '../../redis/reserved-options.js'
import { repeatableOptions } from '../../redis/options.js'
import { hasVariable } from '../unexpanded.js'
import { field } from '../field-docs.js'
import type { RedisOptions } from '../../model/redis.js'

/** Redis's own names: `maxmemory-policy`, `server_cpulist`. */
const optionName = /^[a-z][a-z0-9_-]{0,79}$/
const valueLengthMax = 4_096
const optionsMax = 200

const scalar = z.union([
  z
    .string()
    .max(valueLengthMax)
    .regex(/^[^\p{Cc}]*$/u),
  z.number(),
  z.boolean(),
])

/**
 * Options of redis.conf, by name. What the manifest alone can tell is told here: names that can't be ones,
 * what Flotilla sets itself, a list where one value is meant. What the server makes of the values it is asked
 * itself, on a throwaway container.
 */
export const configSection = field(
  z
    .record(
      z.string(),
      field(z.union([scalar, z.array(scalar).min(1).max(100)]), {
        describe:
          'The value as redis.conf has it (100mb, 300, yes, "allkeys-lru"). A list for an option that stands in the file once for each part.',
        wants: `one line of ${valueLengthMax} characters at most, or a list of such lines`,
        example: '100mb',
        advice: 'give it the value that redis.conf would have, or remove the line',
      }),
    )
    .superRefine((options, context) => {
      const names = Object.keys(options)
      if (names.length > optionsMax)
        context.addIssue({
          code: 'custom',
          message: `has ${names.length} options; ${optionsMax} are the most`,
        })
      for (const name of names) {
        const message = whyNotOption(name, options[name])
        if (message !== null) context.addIssue({ code: 'custom', path: [name], message })
      }
    })
    .transform((options): RedisOptions =>
      Object.fromEntries(Object.entries(options).map(([name, value]) => [name, textsOf(value)])),
    ),
  {
    describe:
      'Options of redis.conf for every node, by name. What can be changed while a server runs is changed so; the rest by replacing one node after the other. Values are tried on a throwaway container first.',
    wants: 'a mapping of redis.conf options',
    example: '{ maxmemory-policy: allkeys-lru }',
  },
)

type Written = z.output<typeof scalar>

function whyNotOption(name: string, value: Written | readonly Written[] | undefined): string | null {
  if (!optionName.test(name)) {
    const lower = name.toLowerCase()
    return `is no option of redis.conf${optionName.test(lower) ? `; write ${lower}` : '; remove it'}`
  }
  const reason = whyNotSettable(name)
  if (reason !== null) return `can't be set here: ${reason}; remove it`
  if (Array.isArray(value) && !repeatableOptions.includes(name))
    return `takes one value, not a list; write it as one text, its parts with spaces between them`
  if (value !== undefined && textsOf(value).some(hasVariable))
    return 'has a variable in it, and those are never filled in here; write the value itself'
  return null
}

function textsOf(value: Written | readonly Written[]): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(textOf)
}

/** YAML's true and false are yes and no in redis.conf. */
function textOf(value: Written): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value)
}

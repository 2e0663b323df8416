import { z } from 'zod'
import { field, inQuotes } from '../field-docs.js'

/** What Docker keeps for itself, and what Flotilla knows its own by. */
const reservedPrefixes = ['com.docker', 'io.docker', 'org.dockerproject', 'io.flotilla']

const labelValue = field(z.string().max(1_024), {
  describe: 'What the label says.',
  wants: 'text, in quotes where YAML would make something else of it',
  example: '"shop"',
  repair: inQuotes,
})

export const labelsSection = labelsField(
  'Labels for containers, network and volumes, beside those of Flotilla. A change recreates the containers, one at a time; network and volumes have what was asked for when they were made.',
)

/** A mapping of labels that a person chooses. */
export function labelsField(describe: string) {
  return field(
    z.record(z.string(), labelValue).superRefine((labels, context) => {
      for (const key of Object.keys(labels)) {
        const problem = whyNotLabel(key)
        if (problem === null) continue
        context.addIssue({ code: 'custom', path: [key], message: problem, params: { at: 'key' } })
      }
    }),
    { describe, wants: 'a mapping of label names to text', example: '{ team: shop }' },
  )
}

function whyNotLabel(key: string): string | null {
  const reserved = reservedPrefixes.find(prefix => key === prefix || key.startsWith(`${prefix}.`))
  if (reserved !== undefined)
    return `can't be a label of yours: ${reserved} is reserved for ${reserved === 'io.flotilla' ? 'Flotilla' : 'Docker'}; choose another name`
  return /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/.test(key)
    ? null
    : "can't be a label: use 128 characters at most of a-z, A-Z, 0-9, dot, dash, underscore and slash"
}

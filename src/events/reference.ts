import { catalogue, type EventCode } from './catalogue.js'
import type { EventDefinition } from './definition.js'

/**
 * docs/events.md: every event with what it says, its fields, and when to alert on it, in the order of the
 * catalogue. As the formatter wants it, so that writing it again changes nothing.
 */
export function renderEventReference(): string {
  const sections = (Object.keys(catalogue) as EventCode[]).map(code => renderEvent(code, catalogue[code]))
  return `${[head, ...sections].join('\n\n')}\n`
}

const head = `# Events

<!-- Written by \`npm run generate:events\` from src/events/catalogue.ts. Changes made here are lost. -->

The daemon logs one line per event on stdout: JSON, or pretty on a terminal (\`--log-format\`). A line holds \`level\`, \`time\`
(ISO 8601, UTC), \`event\` (the code below), \`msg\` (its constant message), the event's own fields, and where they apply \`flotilla\`
and \`pass\` (one id for all lines of one pass). Match on \`event\`: a code never changes its meaning. A field that ends in \`Ms\`
counts milliseconds, one in \`Bytes\` bytes; a field that is not known is \`null\`.

Lines of level \`debug\` are left out unless the daemon is run with \`--log-level debug\`.`

function renderEvent(code: EventCode, { level, message, fields, alert }: EventDefinition): string {
  const values = fields.length === 0 ? 'none' : fields.map(field => `\`${field}\``).join(', ')
  return `## ${code}

${level}: ${message}

- Fields: ${values}
- Alert: ${alert ?? 'no'}`
}

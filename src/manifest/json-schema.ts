import { z } from 'zod'
import { manifestSchema } from './schema.js'

/** The manifest as a JSON schema (draft 7, which every YAML editor plugin knows), for completion and checks while typing. */
export function manifestJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(manifestSchema('/'), { target: 'draft-7', io: 'input' })
  return {
    $schema,
    title: 'Flotilla manifest',
    description: 'A Redis master and its replicas, as Flotilla keeps them on Docker.',
    ...rest,
  }
}

/** The schema file's content: what `npm run generate:schema` writes and `flotilla schema` prints. */
export function manifestJsonSchemaText(): string {
  return `${JSON.stringify(manifestJsonSchema(), null, 2).replace(listOfWords, onOneLine)}\n`
}

/** The line with a list that JSON.stringify spread over several, and the list's items. */
const listOfWords = /^(.*)\[\n([^[\]{}]*)\n *\]/gm

/** As the project's formatter wants it: short lists on one line. */
function onOneLine(spread: string, before: string, items: string): string {
  const line = `${before}[${items.trim().replace(/\n */g, ' ')}]`
  return line.length <= 110 ? line : spread
}

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
  return `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`
}

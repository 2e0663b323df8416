/**
 * `npm run generate:schema`: writes manifests/flotilla.schema.json, where manifests find it as
 * ./flotilla.schema.json.
 */
import { writeFile } from 'node:fs/promises'
import { manifestJsonSchemaText } from './json-schema.js'

await writeFile('manifests/flotilla.schema.json', manifestJsonSchemaText())

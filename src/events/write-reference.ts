/** `npm run generate:events`: writes docs/events.md. */
import { writeFile } from 'node:fs/promises'
import { renderEventReference } from './reference.js'

await writeFile('docs/events.md', renderEventReference())

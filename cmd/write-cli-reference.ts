/** `npm run generate:cli`: writes docs/cli.md. */
import { writeFile } from 'node:fs/promises'
import { renderCliReference } from '../src/cli/reference.js'
import { processOutput } from '../src/cli/output.js'
import { buildProgram } from './program.js'

await writeFile('docs/cli.md', renderCliReference(buildProgram({ env: {}, output: processOutput({}) })))

import { readFileSync } from 'node:fs'
import { isAtLeast } from './version-range.mjs'

// Imported first by every script, so that an old Node ends in a sentence and not in what it fails over first.
const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
/** As package.json promises it. @type {string} */
export const lowestNode = engines.node.replace(/^>=/, '')

if (!isAtLeast(process.versions.node, lowestNode)) {
  process.stderr.write(
    `\nThis is Node ${process.versions.node}, and Flotilla needs ${lowestNode} or newer\n  Install a newer one, such as from https://nodejs.org, and type the same again.\n`,
  )
  process.exit(1)
}

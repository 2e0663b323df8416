import './node-version.mjs'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completeLock } from './complete-lock.mjs'
import { runScript, say } from './say.mjs'

// npm leaves packages for other platforms out of package-lock.json when it can't see them at the time; `npm ci` then refuses the file.
const path = join(import.meta.dirname, '../../package-lock.json')

await runScript(async () => {
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  const { packages, added } = completeLock(lock.packages)
  if (added.length > 0) {
    say(`package-lock.json: added ${added.join(', ')}`)
    writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
  }
  return 0
})

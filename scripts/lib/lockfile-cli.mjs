import './node-version.mjs'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { completeLockfile, withoutIntegrity } from './lockfile.mjs'
import { runScript, logStep } from './log.mjs'

// npm leaves packages for other platforms out of package-lock.json when it can't see them at the time; `npm
// ci` then refuses the file. And it leaves out the digest of what it did not download itself, which is then
// installed whatever it is.
const path = join(import.meta.dirname, '../../package-lock.json')

await runScript(async () => {
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  const { packages, added } = completeLockfile(lock.packages)
  const undigested = withoutIntegrity(packages)
  for (const entry of undigested) packages[entry] = await withIntegrity(entry, packages[entry])
  if (added.length + undigested.length > 0) {
    logStep(`package-lock.json: completed ${[...new Set([...added, ...undigested])].join(', ')}`)
    writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
  }
  return 0
})

/**
 * Asks the registry that npm is set to.
 * @param {string} entry
 * @param {Readonly<Record<string, unknown>>} locked
 */
async function withIntegrity(entry, { version, ...others }) {
  const name = entry.slice(entry.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const { stdout } = await promisify(execFile)('npm', [
    'view',
    `${name}@${String(version)}`,
    'dist.integrity',
  ])
  return { version, integrity: stdout.trim(), ...others }
}

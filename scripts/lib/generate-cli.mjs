import './node-version.mjs'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript, logStep, SetupError } from './log.mjs'

// Runs every package script named generate:…; with --check it fails when that changed a file: what is
// committed was not current.
const root = join(import.meta.dirname, '../..')

await runScript(async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const generators = Object.keys(scripts).filter(name => name.startsWith('generate:'))
  const before = hashFiles()
  for (const name of generators) {
    logStep(`npm run ${name}`)
    const { status } = spawnSync('npm', ['run', '--silent', name], { cwd: root, stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new SetupError(`npm run ${name} failed`, 'See its message above.')
  }
  const after = hashFiles()
  const changed = [...after].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path)
  for (const path of changed) logStep(`${path} is new`)
  if (changed.length === 0 || !process.argv.includes('--check')) return 0
  throw new SetupError(
    `generated files were not current: ${changed.join(', ')}`,
    'They are now. Look at the difference and commit it.',
  )
})

/** The content hash of every file that git tracks or would. */
function hashFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  const paths = stdout.split('\0').filter(path => path !== '' && existsSync(join(root, path)))
  return new Map(
    paths.map(path => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  )
}

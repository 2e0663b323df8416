import './node-version.mjs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { runScript } from './log.mjs'

// Runs test/simulation/main.ts, which needs no engine; arguments are passed on.
const root = join(import.meta.dirname, '../..')

await runScript(async () => {
  process.chdir(root)
  ensureDependencies(root)
  build(root)
  const program = ['--enable-source-maps', 'dist/test/simulation/main.js', ...process.argv.slice(2)]
  return spawnSync(process.execPath, program, { stdio: 'inherit' }).status ?? 1
})

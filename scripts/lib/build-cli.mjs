import './node-version.mjs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { runScript } from './log.mjs'

await runScript(async () => {
  const root = join(import.meta.dirname, '../..')
  // Packing begins with a clean clone.
  ensureDependencies(root)
  build(root)
  return 0
})

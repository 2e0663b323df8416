import './node-version.mjs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { runScript } from './say.mjs'

await runScript(async () => {
  build(join(import.meta.dirname, '../..'))
  return 0
})

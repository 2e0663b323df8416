import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { buildPage } from './build-page.mjs'
import { bundle } from './bundle.mjs'
import { logStep, SetupError } from './log.mjs'

/**
 * Compiles TypeScript into dist/, and makes the dashboard and the program of it; a second build without
 * changes takes a fraction of a second. @param {string} root
 */
export function build(root) {
  logStep('building')
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  for (const project of [root, join(root, 'src/dashboard')]) {
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0)
      throw new SetupError('the build failed', 'Mend what the compiler names above and try again.')
  }
  // Where `npx flotilla` was typed before the program was a bundle, npm goes on starting this one.
  chmodSync(join(root, 'dist/cmd/flotilla.js'), 0o755)
  buildPage(root)
  bundle(root)
}

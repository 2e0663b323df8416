import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { testEngineHome } from './engine-home.mjs'
import { runScript } from './log.mjs'
import { withTestWorld } from './test-world.mjs'

/**
 * Runs a program of dist/ on the test engine, with this script's own arguments, and ends as it ends.
 * @param {string} program such as `bench/main.js`
 * @param {(engine: import('./engine.mjs').Engine, root: string) => Promise<NodeJS.ProcessEnv>} prepare what
 * it needs beside the engine, and how it is told
 */
export async function runOnTestEngine(program, prepare = async () => ({})) {
  const root = join(import.meta.dirname, '../..')
  await runScript(async () => {
    process.chdir(root)
    ensureDependencies(root)
    build(root)
    return await withTestWorld(testEngineHome(root), async ({ env, prefix, engine }) => {
      const more = await prepare(engine, root)
      const [command = '', ...args] = [
        ...[...prefix, process.execPath, '--enable-source-maps', join('dist', program)],
        ...process.argv.slice(2),
      ]
      const child = spawn(command, args, { env: { ...env, ...more }, stdio: 'inherit' })
      // The terminal's Ctrl-C reaches the child as well; we stay to take the engine down.
      for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
        process.on(signal, () => child.kill(signal))
      }
      return new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', code => resolve(code ?? 1))
      })
    })
  })
}

import './node-version.mjs'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { ensureDependencies } from './dependencies.mjs'
import { lowestNode } from './node-version.mjs'
import { runScript, logStep, SetupError } from './log.mjs'

// Runs the unit tests and a slice of the simulation on each Node that Flotilla promises: the oldest, every
// line since, and the newest there is. The binaries come from the npm package `node`, each into a folder of
// its own below dist/. `npm run compat -- 22` runs one.
const root = join(import.meta.dirname, '../..')
const words = process.argv.slice(2)
const versions = words.length > 0 ? words : [lowestNode, '22', '24', 'latest']

await runScript(async () => {
  process.chdir(root)
  ensureDependencies(root)
  const outcomes = versions.map(version => ({ version, ...tryOn(version) }))
  for (const { version, found, passed } of outcomes)
    logStep(`Node ${version} (${found}): ${passed ? 'passed' : 'FAILED'}`)
  return outcomes.every(({ passed }) => passed) ? 0 : 1
})

/** @param {string} version as npm reads it: `22`, `20.19`, `latest` */
function tryOn(version) {
  const node = ensureNode(version)
  // What a test starts by the name of `node` is the same one.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH']}` }
  /** @param {readonly string[]} args */
  const run = args => spawnSync(node, args, { env, stdio: 'inherit' }).status === 0
  const found = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  logStep(`unit tests and 200 seeds of the simulation on ${found}`)
  // The second proves nothing where the first fails.
  const passed =
    run(['scripts/lib/test-cli.mjs', 'unit']) && run(['scripts/lib/simulate-cli.mjs', '--seeds', '200'])
  return { found, passed }
}

/** @param {string} version @returns {string} the path of its binary */
function ensureNode(version) {
  const folder = join(root, 'dist/compat', version)
  const binary = join(folder, 'node_modules/node/bin/node')
  if (existsSync(binary) && version !== 'latest') return binary
  logStep(`fetching Node ${version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${version}`]
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] })
  if (status !== 0 || !existsSync(binary))
    throw new SetupError(
      `npm can't bring Node ${version}`,
      'See its message above; the network or a registry mirror may be out of reach.',
    )
  return binary
}

import './node-version.mjs'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { canInstallChromium, canInstallPackages, installMissing } from './debian.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { testEngineHome } from './engine-home.mjs'
import { printLongest, printTotal, runTests } from './run-tests.mjs'
import { runScript, logStep, SetupError } from './log.mjs'
import { kindOf, listTests, longestFirst, selectTests } from './test-selection.mjs'
import { withTestWorld } from './test-world.mjs'

/** @typedef {import('./run-tests.mjs').TestOutcome} TestOutcome */

const root = join(import.meta.dirname, '../..')
const home = testEngineHome(root)
const words = process.argv.slice(2).filter(word => !word.startsWith('-'))
/** For node --test, such as --test-name-pattern=…; they come after ours and win. */
const options = process.argv.slice(2).filter(word => word.startsWith('-'))
const interrupted = new AbortController()
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])) {
  process.on(signal, () => {
    logStep(`${signal}: ending the tests`)
    interrupted.abort(code)
  })
}

const s3Server = /** @type {const} */ ([
  'memcached',
  'swift-proxy-server',
  'swift-account-server',
  'swift-container-server',
  'swift-object-server',
])

await runScript(async () => {
  process.chdir(root)
  ensureDependencies(root)
  build(root)
  const selected = selectTests({ tests: listTests(join(root, 'test')), words })
  if (selected.length === 0)
    throw new SetupError(`no test file matches ${words.join(' ') || 'at all'}`, 'Look into test/.')
  const outcomes = selected.every(test => kindOf(test) === 'unit')
    ? [await runUnit(selected)]
    : await withTestWorld(home, world => runPhases(selected, world))
  printLongest(outcomes)
  if (outcomes.length > 1) printTotal(outcomes)
  if (interrupted.signal.aborted) return interrupted.signal.reason
  const testCount = outcomes.reduce((sum, { counts }) => sum + (counts.get('tests') ?? 0), 0)
  if (testCount === 0)
    throw new SetupError('not one test ran', 'A run without tests proves nothing: look at what was selected.')
  return outcomes.every(({ passed }) => passed) ? 0 : 1
})

/**
 * Unit tests get no engine, and none by mistake either. Those of src/redis/ start plain redis-server
 * processes, those of src/metrics/ ask promtool.
 * @param {readonly string[]} tests
 */
function runUnit(tests) {
  if (canInstallPackages()) installMissing(['redis-server', 'redis-cli', 'promtool'])
  const env = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/unit-tests-have-no-engine.sock' }
  return runTests({ ...common(tests, { concurrency: 2, fileMinutes: 5 }), prefix: [], env })
}

/**
 * The fast ones first; the others only when those pass.
 * @param {readonly string[]} tests
 * @param {import('./test-world.mjs').TestWorld} world
 */
async function runPhases(tests, { env, prefix }) {
  // docs/clients.md speaks of a client in Python too, and its program is tried. strace has the writes of our
  // own engine fail.
  if (canInstallPackages())
    installMissing(['python3 with redis', 'haproxy', 'docker-registry', 'strace', 'age'])
  // A server of S3: Swift, as OpenStack's clouds run it.
  if (canInstallPackages() && tests.some(test => test.includes('backup-s3'))) installMissing(s3Server)
  // It is large, so only who tests the page gets it. Where it can't be had those tests are skipped, and say
  // so.
  if (canInstallChromium() && tests.some(test => test.includes('dashboard'))) installMissing(['chromium'])
  /**
   * @type {readonly { kind: import('./test-selection.mjs').TestKind, run: (files: readonly string[]) =>
   * Promise<TestOutcome> }[]}
   */
  const phases = [
    { kind: 'unit', run: runUnit },
    {
      kind: 'engine',
      run: files => runTests({ ...common(files, { concurrency: 2, fileMinutes: 20 }), prefix, env }),
    },
    {
      kind: 'alone',
      run: files => runTests({ ...common(files, { concurrency: 1, fileMinutes: 20 }), prefix, env }),
    },
  ]
  /** @type {TestOutcome[]} */
  const outcomes = []
  for (const { kind, run } of phases) {
    const files = tests.filter(test => kindOf(test) === kind)
    if (files.length === 0) continue
    const outcome = await run(files)
    outcomes.push(outcome)
    if (!outcome.passed || interrupted.signal.aborted) break
  }
  return outcomes
}

/**
 * `concurrency`: files at a time; two cores is what most have to spare. `fileMinutes`: a file that takes
 * longer hangs, and fails.
 * @param {readonly string[]} tests
 * @param {{ readonly concurrency: number, readonly fileMinutes: number }} limits
 */
function common(tests, { concurrency, fileMinutes }) {
  return {
    files: longestFirst(join(root, 'test'), tests).map(compiledFile),
    options: [`--test-concurrency=${concurrency}`, `--test-timeout=${fileMinutes * 60_000}`, ...options],
    signal: interrupted.signal,
  }
}

/** @param {string} test */
function compiledFile(test) {
  const path = join('dist/test', `${test}.test.js`)
  if (!existsSync(path))
    throw new SetupError(`${path} is missing after the build`, 'Delete dist/ and try again.')
  return path
}

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sendSignal } from './processes.mjs'

/**
 * @typedef {object} TestRun
 * @property {readonly string[]} files compiled test files
 * @property {readonly string[]} options for node --test
 * @property {readonly string[]} prefix command to run it under, such as nsenter
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal} signal ends the run and everything that it started
 */

/**
 * @typedef {object} TestOutcome
 * @property {boolean} passed
 * @property {ReadonlyMap<string, number>} counts
 * @property {ReadonlyMap<string, number>} tookMs by test, as `e2e/scale`
 */

/** A run that was told to end gets so long before it is killed. */
const endWithinMs = 5000

/**
 * Runs files with node's test runner from the project's folder, its readable report on our stdout; resolves
 * with its counts.
 * @param {TestRun} run
 * @returns {Promise<TestOutcome>}
 */
export async function runTests({ files, options, prefix, env, signal }) {
  const folder = mkdtempSync(join('dist', 'counts-'))
  const countFile = join(folder, 'counts')
  const command = [
    ...[...prefix, process.execPath, '--test', '--enable-source-maps'],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${new URL('count-reporter.mjs', import.meta.url).href}`],
    ...[`--test-reporter-destination=${countFile}`, ...options, ...files],
  ]
  try {
    const passed = await runInGroup({ command, env, signal })
    return { passed, ...readReport(countFile) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The counts of several runs added up, printed as node prints those of one.
 * @param {readonly TestOutcome[]} outcomes
 */
export function printTotal(outcomes) {
  const total = new Map()
  for (const { counts } of outcomes) {
    for (const [name, count] of counts) total.set(name, (total.get(name) ?? 0) + count)
  }
  process.stdout.write('\nall runs together\n')
  for (const [name, count] of total) process.stdout.write(`ℹ ${name} ${count}\n`)
}

const longestShown = 10

/**
 * What a run spends its time on, longest first: where to look when it has become too long.
 * @param {readonly TestOutcome[]} outcomes
 */
export function printLongest(outcomes) {
  const files = outcomes.flatMap(({ tookMs }) => [...tookMs]).toSorted(([, a], [, b]) => b - a)
  if (files.length < 2) return
  process.stdout.write('\nlongest files\n')
  for (const [test, ms] of files.slice(0, longestShown))
    process.stdout.write(`ℹ ${(ms / 1000).toFixed(1).padStart(7)} s  ${test}\n`)
}

/**
 * The child leads a process group of its own, so that ending it ends what its tests started too.
 * @param {{ readonly command: readonly string[], readonly env: NodeJS.ProcessEnv, readonly signal:
 * AbortSignal }} run
 * @returns {Promise<boolean>}
 */
function runInGroup({ command: [program = '', ...args], env, signal }) {
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  const group = -(child.pid ?? 0)
  const end = () => {
    sendSignal(group, 'SIGTERM')
    setTimeout(() => sendSignal(group, 'SIGKILL'), endWithinMs).unref()
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => {
      signal.removeEventListener('abort', end)
      resolve(code === 0)
    })
  })
}

/** @param {string} path @returns {Pick<TestOutcome, 'counts' | 'tookMs'>} */
function readReport(path) {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // The run was killed before it wrote any.
  }
  const counts = new Map()
  const tookMs = new Map()
  for (const line of text.split('\n').filter(one => one !== '')) {
    const [, ms, test] = /^took (\d+) .*\/test\/(.+)\.test\.[jt]s$/.exec(line) ?? []
    const [name = '', count] = line.split(' ')
    if (test === undefined) counts.set(name, Number(count))
    else tookMs.set(test, (tookMs.get(test) ?? 0) + Number(ms))
  }
  return { counts, tookMs }
}

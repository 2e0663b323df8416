import './node-version.mjs'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendSignal } from './processes.mjs'
import { runScript, logStep } from './log.mjs'
import { readReport, readRequest, tallyFailures } from './test-again.mjs'

// Runs `npm test` again and again, some of the times beside processes that keep every core busy: a test that
// passes by luck fails here. It goes on after a failure, because how often one fails tells where to look. A
// line for each run and the tally go to stdout, the output of each run to a file.

/**
 * All tests take some ten minutes, and thrice that where the machine is busy; a run that takes longer hangs,
 * and has failed.
 */
const runMinutesMax = 60

/** Ends by itself when whoever started it has ended, however that came about. */
const keepBusy = 'const parent = process.ppid; while (process.ppid === parent);'

const root = join(import.meta.dirname, '../..')
const interrupted = new AbortController()
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => interrupted.abort(signal))

await runScript(async () => {
  const { runs, busy, words } = readRequest(process.argv.slice(2))
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-tests-'))
  logStep(`each run writes to ${folder}`)
  const reports = []
  for (let run = 1; run <= runs && !interrupted.signal.aborted; run++) {
    const isBusy = run > runs - busy
    const log = join(folder, `run-${run}.log`)
    const startedMs = performance.now()
    const passed = isBusy ? await besideBusyCores(() => runOnce(words, log)) : await runOnce(words, log)
    if (interrupted.signal.aborted) break
    const report = readReport(readFileSync(log, 'utf8'))
    // A run can fail without a failed test: by its build, its engine, or its time.
    const failed = passed || report.failed.length > 0 ? report.failed : ['no test: see its output']
    reports.push({ ...report, failed })
    const seconds = Math.round((performance.now() - startedMs) / 1_000)
    const outcome = passed ? 'passed' : `FAILED (${failed.length}), ${log}`
    process.stdout.write(
      `run ${run} of ${runs}${isBusy ? ', busy' : ''}: ${report.tests} tests in ${seconds} s, ${outcome}\n`,
    )
  }
  const bad = reports.filter(({ failed }) => failed.length > 0).length
  process.stdout.write(`${reports.length} runs, ${bad} of them failed\n`)
  for (const line of tallyFailures(reports)) process.stdout.write(`  ${line}\n`)
  if (interrupted.signal.aborted) return 130
  return bad === 0 ? 0 : 1
})

/** @param {readonly string[]} words @param {string} log @returns {Promise<boolean>} */
async function runOnce(words, log) {
  const file = openSync(log, 'w')
  const child = spawn(process.execPath, [join(root, 'scripts/lib/test-cli.mjs'), ...words], {
    cwd: root,
    stdio: ['ignore', file, file],
  })
  // It takes its engine and all of its processes with it.
  const end = () => sendSignal(child.pid ?? 0, 'SIGTERM')
  const tooLong = setTimeout(end, runMinutesMax * 60_000)
  interrupted.signal.addEventListener('abort', end, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', code => resolve(code === 0))
    })
  } finally {
    clearTimeout(tooLong)
    interrupted.signal.removeEventListener('abort', end)
    closeSync(file)
  }
}

/**
 * @template Result
 * @param {() => Promise<Result>} act
 * @returns {Promise<Result>}
 */
async function besideBusyCores(act) {
  const busy = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', keepBusy], { stdio: 'ignore' }),
  )
  try {
    return await act()
  } finally {
    for (const child of busy) child.kill('SIGKILL')
  }
}

import { parseArgs } from 'node:util'
import { SetupError } from './log.mjs'

/**
 * @typedef {object} AgainRequest
 * @property {number} runs
 * @property {number} busy how many of them, the last, run beside processes that keep every core busy
 * @property {readonly string[]} words for `npm test`
 * @typedef {{ readonly tests: number, readonly failed: readonly string[] }} RunReport
 */

const runsMax = 100

/** @param {readonly string[]} args @returns {AgainRequest} */
export function readRequest(args) {
  const { values, positionals } = parseOrExplain(args)
  const runs = readCount('--runs', values.runs, { least: 1, most: runsMax })
  return { runs, busy: readCount('--busy', values.busy, { least: 0, most: runs }), words: positionals }
}

/** @param {readonly string[]} args */
function parseOrExplain(args) {
  try {
    return parseArgs({
      args: [...args],
      options: { runs: { type: 'string', default: '10' }, busy: { type: 'string', default: '5' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw problem(error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param {string} name @param {string} value @param {{ readonly least: number, readonly most: number }}
 * bounds
 */
function readCount(name, value, { least, most }) {
  const count = Number(value)
  if (/^\d{1,3}$/.test(value) && count >= least && count <= most) return count
  throw problem(`${name} ${value}: it has to be a number from ${least} to ${most}`)
}

/** @param {string} message */
function problem(message) {
  return new SetupError(message, 'Such as: npm run test:again -- --runs 10 --busy 5 e2e/scale')
}

/**
 * From the output of `npm test`, whose phases each close with their counts and name their failed tests at the
 * end.
 * @param {string} output
 * @returns {RunReport}
 */
export function readReport(output) {
  const counts = [...output.matchAll(/^ℹ tests (\d+)$/gm)].map(([, count]) => Number(count))
  // Several phases are added up behind a line of their own.
  const isSummed = /^all runs together$/m.test(output)
  const tests = isSummed ? (counts.at(-1) ?? 0) : counts.reduce((sum, count) => sum + count, 0)
  const failed = output
    .split(/^✖ failing tests:$/m)
    .slice(1)
    .flatMap(part => [...part.matchAll(/^✖ (.*) \([\d.]+ms\)/gm)].map(([, title = '']) => title))
  return { tests, failed }
}

/**
 * How often each test has failed, the most often first; empty where all went well.
 * @param {readonly RunReport[]} reports
 * @returns {readonly string[]}
 */
export function tallyFailures(reports) {
  const times = new Map()
  for (const title of reports.flatMap(({ failed }) => failed)) times.set(title, (times.get(title) ?? 0) + 1)
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .map(([title, count]) => `${count} of ${reports.length}: ${title}`)
}

import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { renderResult, toReport } from './support/report.js'
import { testMutants, type MutationResult } from './support/run.js'

/**
 * `npm run mutate -- [--files PART] [--json FILE]`: changes one small thing of the planner after the other,
 * and tells which changes no test notices. `--files` takes the sources with this part in their path, `--json`
 * writes all verdicts in the format of Stryker's reports.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '' },
      json: { type: 'string' },
      processes: { type: 'string', default: String(Math.max(1, cpus().length)) },
    },
  })
  const sources = filesIn('src/reconciler/plan', '.ts').filter(path => path.includes(values.files))
  if (sources.length === 0) {
    process.stderr.write(`no file of src/reconciler/plan has “${values.files}” in its path\n`)
    return 1
  }
  const result = await testMutants({
    root: process.cwd(),
    sources,
    tests: filesIn('test/reconciler/plan', '.test.ts').filter(isQuick).map(compiled),
    processes: Number(values.processes),
    testMsMax,
    ...(process.stderr.isTTY ? { onProgress: reportProgress } : {}),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  process.stdout.write(renderResult(result))
  if (values.json !== undefined) writeReport(values.json, result)
  return 0
}

/**
 * Of the tests of the planner these plan some hundred thousand times, which takes a minute each: too long to
 * be asked about every mutant. What only they notice counts as not found.
 */
const slowFiles = ['small-worlds.test.ts', 'interrupted.test.ts', 'rolling-worlds.test.ts']

/** Nearly all tests take a millisecond or two. The enumerations among them take seconds. */
const testMsMax = 500

/** In its subfolders too. */
function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .toSorted()
    .map(name => `${folder}/${name}`)
}

function isQuick(path: string): boolean {
  return !slowFiles.some(name => path.endsWith(`/${name}`))
}

/** Sources say which tests there are: dist/ still holds what was compiled from files that are gone. */
function compiled(path: string): string {
  return `dist/${path.replace(/\.ts$/, '.js')}`
}

function reportProgress({ done, all }: { readonly done: number; readonly all: number }): void {
  process.stderr.write(`\r\u001b[K${done} of ${all} mutants`)
}

function writeReport(path: string, result: MutationResult): void {
  writeFileSync(path, `${JSON.stringify(toReport(process.cwd(), result), null, 2)}\n`)
}

process.exitCode = await main()

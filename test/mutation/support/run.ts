import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { instrument, type Mutant } from './instrument.js'
import type { Coverage, Job, Verdict } from './protocol.js'
import { TestProcess } from './test-process.js'

export interface MutationJob {
  /** The folder that holds the sources, and what is compiled from them in dist/. */
  readonly root: string
  /** Paths of sources below the root. */
  readonly sources: readonly string[]
  /** Paths of compiled test files below the root. */
  readonly tests: readonly string[]
  readonly processes: number
  /** A test that takes longer without any mutant is left out: thousands of times it would be asked. */
  readonly testMsMax: number
  /** Called after each mutant. */
  readonly onProgress?: (progress: { readonly done: number; readonly all: number }) => void
}

export interface MutantResult {
  readonly mutant: Mutant
  readonly verdict: Verdict
}

export interface MutationResult {
  /** In the order of the sources. */
  readonly results: readonly MutantResult[]
  readonly testTitles: readonly string[]
  readonly leftOut: readonly string[]
}

/**
 * Judges every mutant of the sources by the tests that pass its place. Mutants are switches in one and the
 * same code, so a process imports sources and tests once and judges thousands of them; only one that is alive
 * while files are imported needs a process of its own. Tests must be quick, leave nothing behind, and use
 * nothing but `test` and `describe` of node:test.
 * @throws {Error} when a test fails though nothing was changed, or has become another by what came before it
 */
export async function testMutants(job: MutationJob): Promise<MutationResult> {
  const { mutants, scripts } = await instrument(job.root, job.sources)
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-mutants-'))
  try {
    const jobFile = writeJob(folder, job, scripts)
    const coverage = await coverageOf(jobFile)
    const quick = [...coverage.tests.keys()].filter(index => tookMs(coverage, index) <= job.testMsMax)
    const state: RunState = { jobFile, coverage, quick, queue: [...mutants], lastKiller: null }
    const verdicts = new Map<string, Verdict>()
    const onVerdict = (mutant: Mutant, verdict: Verdict): void => {
      verdicts.set(mutant.id, verdict)
      job.onProgress?.({ done: verdicts.size, all: mutants.length })
    }
    await Promise.all(Array.from({ length: job.processes }, () => testQueue(state, onVerdict)))
    return {
      results: mutants.map(mutant => ({ mutant, verdict: verdicts.get(mutant.id) ?? { kind: 'unreached' } })),
      testTitles: coverage.tests.map(({ title }) => title),
      leftOut: coverage.tests.filter((_, index) => !quick.includes(index)).map(({ title }) => title),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface RunState {
  readonly jobFile: string
  readonly coverage: Coverage
  /** Tests that are asked, by index. */
  readonly quick: readonly number[]
  readonly queue: Mutant[]
  /** It is asked first: what killed a mutant often kills the next one beside it. */
  lastKiller: number | null
}

function writeJob(folder: string, job: MutationJob, scripts: ReadonlyMap<string, string>): string {
  const replaced: Record<string, string> = {}
  for (const [file, code] of scripts) {
    const script = file.replace(/\.ts$/, '.js')
    const copy = join(folder, script)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, code)
    replaced[pathToFileURL(join(job.root, 'dist', script)).href] = copy
  }
  const tests = job.tests.map(path => pathToFileURL(join(job.root, path)).href)
  const jobFile = join(folder, 'job.json')
  writeFileSync(jobFile, JSON.stringify({ tests, replaced } satisfies Job))
  return jobFile
}

async function coverageOf(jobFile: string): Promise<Coverage> {
  const judge = await TestProcess.start(jobFile)
  try {
    const coverage = await judge.cover()
    const broken = coverage.tests.find(({ failure }) => failure !== null)
    if (broken !== undefined) throw new Error(`“${broken.title}” fails without any mutant: ${broken.failure}`)
    return coverage
  } finally {
    await judge.end()
  }
}

async function testQueue(
  state: RunState,
  onVerdict: (mutant: Mutant, verdict: Verdict) => void,
): Promise<void> {
  let judge = await TestProcess.start(state.jobFile)
  try {
    for (let mutant = state.queue.shift(); mutant !== undefined; mutant = state.queue.shift()) {
      if (judge.ended) judge = await TestProcess.start(state.jobFile)
      const verdict = await verdictOn(mutant, judge, state)
      if (verdict.kind === 'killed' && verdict.by !== null) state.lastKiller = verdict.by
      onVerdict(mutant, verdict)
    }
    if (judge.ended) return
    const sound = await judge.judge({ mutantId: '', tests: state.quick, hitsMax: Number.MAX_SAFE_INTEGER })
    if (sound.kind !== 'survived')
      throw new Error('a test fails without a mutant after thousands of them: tests leave something behind')
  } finally {
    await judge.end()
  }
}

async function verdictOn({ id }: Mutant, judge: TestProcess, state: RunState): Promise<Verdict> {
  const { coverage, quick, jobFile } = state
  const hits = [...coverage.tests.map(test => test.hits[id] ?? 0), coverage.static[id] ?? 0]
  // A hundred times of what is usual, as Stryker has it: whoever passes a place that often does not end.
  const hitsMax = 100 * hits.reduce((sum, count) => sum + count, 0)
  const reaching = quick.filter(index => (hits[index] ?? 0) > 0)
  if (reaching.length > 0) {
    const verdict = await judge.judge({ mutantId: id, tests: inOrder(reaching, state), hitsMax })
    if (verdict.kind !== 'survived') return verdict
  }
  if (coverage.static[id] === undefined)
    return reaching.length === 0 ? { kind: 'unreached' } : { kind: 'survived' }
  // What is made while a file is imported is recreated only in a new process; any test may look at it.
  const fresh = await TestProcess.start(jobFile, id)
  try {
    return await fresh.judge({ mutantId: id, tests: inOrder(quick, state), hitsMax })
  } finally {
    await fresh.end()
  }
}

function inOrder(tests: readonly number[], { coverage, lastKiller }: RunState): readonly number[] {
  const cost = (index: number): number => (index === lastKiller ? 0 : tookMs(coverage, index))
  return [...tests].sort((left, right) => cost(left) - cost(right))
}

function tookMs({ tests }: Coverage, index: number): number {
  return tests[index]?.tookMs ?? 0
}

import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { collectedTests } from './collected-tests.js'
import type { Reply, Coverage, Hits, Job, Command, TestRun, Verdict } from './protocol.js'

/**
 * A process that judges mutants: `judge.js JOB-FILE [MUTANT]`. It imports the tests once, then answers
 * questions. A mutant that is named when it starts is alive while files are imported too.
 */

/** What the instrumented code looks at and writes into: the protocol of Stryker's instrumenter. */
interface Switches {
  activeMutant: string
  currentTestId: string | undefined
  mutantCoverage: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
  hitCount: number | undefined
  hitLimit: number | undefined
}

const [, , jobFile = '', firstMutant = ''] = process.argv
const job = JSON.parse(readFileSync(jobFile, 'utf8')) as Job
const switches: Switches = {
  activeMutant: firstMutant,
  currentTestId: undefined,
  mutantCoverage: { static: {}, perTest: {} },
  hitCount: undefined,
  hitLimit: undefined,
}
Object.assign(globalThis, { __stryker__: switches })
register('./hooks.js', import.meta.url, { data: job.replaced })

const broken = await failureOf(importTests)
process.on('message', (command: Command) => {
  void reply(command)
})
send({ kind: 'ready' })

/** One after the other, so that every judge knows a test by the same number. */
async function importTests(): Promise<void> {
  for (const url of job.tests) await import(url)
}

async function reply(command: Command): Promise<void> {
  switch (command.kind) {
    case 'cover':
      if (broken !== null) throw broken
      send({ kind: 'covered', coverage: await cover() })
      return
    case 'judge':
      send({ kind: 'judged', verdict: await judge(command) })
  }
}

async function cover(): Promise<Coverage> {
  const tests: TestRun[] = []
  for (const [index, { title, run }] of collectedTests.entries()) {
    switches.currentTestId = `test ${index}`
    const startedMs = performance.now()
    const failure = await failureOf(run)
    const hits: Hits = switches.mutantCoverage.perTest[switches.currentTestId] ?? {}
    const tookMs = performance.now() - startedMs
    tests.push({ title, tookMs, hits, failure: failure?.stack ?? null })
  }
  return { static: switches.mutantCoverage.static, tests }
}

async function judge({ mutantId, tests, hitsMax }: Command & { kind: 'judge' }): Promise<Verdict> {
  if (broken !== null) return { kind: 'killed', by: null }
  for (const index of tests) {
    switches.activeMutant = mutantId
    switches.hitCount = 0
    switches.hitLimit = hitsMax
    const failure = await failureOf(collectedTests[index]?.run ?? noSuchTest)
    if (switches.hitCount > hitsMax) return { kind: 'hung' }
    if (failure !== null) return { kind: 'killed', by: index }
  }
  return { kind: 'survived' }
}

/**
 * @returns what it throws, or null. Its stack is not looked at here: writing that down takes longer than most
 * tests.
 */
async function failureOf(run: () => unknown): Promise<Error | null> {
  try {
    await run()
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function noSuchTest(): never {
  throw new Error('there is no test with this number')
}

function send(message: Reply): void {
  process.send?.(message)
}

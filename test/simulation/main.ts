import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { scenarioOf } from './support/generate-scenario.js'
import { shrink } from './support/shrink.js'
import { simulate } from './support/simulate.js'
import { addTallies, emptyTally, tallyOf, type Tally } from './support/tally.js'

/**
 * `npm run simulate -- --seed S --seeds N`: N worlds from seed S on, on every processor. A broken rule is
 * told with its seed and made small; `--keep` writes what is left into test/simulation/seeds/, where npm test
 * replays it for ever. `--trace` tells one seed in full.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string', default: '1000' },
      steps: { type: 'string' },
      threads: { type: 'string', default: String(Math.max(1, cpus().length)) },
      trace: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  })
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
  if (values.trace) return traceSeed(seed)
  const job = {
    first: seed,
    seeds: Number(values.seeds),
    stepsMin: values.steps === undefined ? 0 : Number(values.steps),
    threads: Number(values.threads),
  }
  print(`seeds ${seed} to ${seed + job.seeds - 1} on ${job.threads} threads`)
  const startedMs = performance.now()
  const tally = await runAll(job)
  report(tally, performance.now() - startedMs)
  for (const { seed: bad, rule } of tally.broken.slice(0, values.keep ? 3 : 1))
    await reportViolation(bad, rule, values.keep)
  return tally.broken.length === 0 ? 0 : 1
}

interface Job {
  readonly first: number
  readonly seeds: number
  readonly stepsMin: number
  readonly threads: number
}

/** Each thread takes every so many-th seed. */
async function runAll(job: Job): Promise<Tally> {
  const tallies = await Promise.all(
    Array.from(
      { length: job.threads },
      (_, offset) =>
        new Promise<Tally>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: { ...job, offset } })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  return tallies.reduce(addTallies, emptyTally)
}

async function work({
  first,
  seeds,
  stepsMin,
  threads,
  offset,
}: Job & { readonly offset: number }): Promise<void> {
  let tally = emptyTally
  for (let index = offset; index < seeds || tally.steps * threads < stepsMin; index += threads) {
    const seed = first + index
    tally = addTallies(tally, tallyOf(seed, await simulate(scenarioOf(seed))))
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origin
  parentPort?.postMessage(tally)
}

function report(
  { seeds, steps, simulatedMs, calls, acknowledged, lost, holds, broken }: Tally,
  tookMs: number,
): void {
  print(
    `${seeds} seeds, ${steps} steps, ${calls} changes made by Flotilla, ${Math.round(simulatedMs / 3_600_000)} simulated hours in ${Math.round(tookMs / 1_000)} s`,
  )
  print(`${acknowledged} writes acknowledged, ${lost} of them not with the master at the end`)
  print(
    `holds that a person resolved: ${
      Object.entries(holds)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || 'none'
    }`,
  )
  print(`${broken.length} violations`)
  for (const { seed, rule, what } of broken.slice(0, 20)) print(`  seed ${seed}: ${rule}: ${what}`)
}

async function traceSeed(seed: number): Promise<number> {
  const scenario = scenarioOf(seed)
  const { violation, trace, steps } = await simulate(scenario, { traced: true })
  print([JSON.stringify(scenario), ...trace].join('\n'))
  print(violation === null ? `${steps} steps, nothing broken` : `${violation.rule}: ${violation.what}`)
  return violation === null ? 0 : 1
}

async function reportViolation(seed: number, rule: string, keep: boolean): Promise<void> {
  const { scenario, outcome } = await shrink(scenarioOf(seed), rule, { traced: true })
  print(
    [`seed ${seed}, made small:`, JSON.stringify(scenario, null, 2), ...outcome.trace.slice(-80)].join('\n'),
  )
  print(`${rule}: ${outcome.violation?.what ?? ''}`)
  if (!keep) return
  const path = `test/simulation/seeds/${rule.replaceAll(' ', '-')}-${seed}.json`
  writeFileSync(path, `${JSON.stringify({ what: outcome.violation?.what ?? '', scenario }, null, 2)}\n`)
  print(`kept as ${path}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

if (isMainThread) process.exitCode = await main()
else await work(workerData as Job & { readonly offset: number })

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Random } from '../support/random.js'
import { renderReport } from './report.js'
import { soak } from './soak.js'

const usage = `Usage: npm run soak [-- --minutes N] [--seed S] [--json file]

Three flotillas under load on the test engine, one fault after the other, and at the end a look for every acknowledged write.

  --minutes N  how long faults are struck; 30 by default
  --seed S     the faults of an earlier run, in their order; by default a new one, which is printed
  --json file  every fault and what came of it
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
if (values.help === true || !(minutes > 0) || !Number.isInteger(seed)) {
  process.stdout.write(usage)
  process.exit(values.help === true ? 0 : 2)
}

const cleanups: (() => Promise<void>)[] = []
const print = (line: string): void => void process.stderr.write(`▸ ${line}\n`)
print(`seed ${seed}: the same faults again with --seed ${seed}`)
try {
  const report = await soak({
    ...{ seed, minutes, random: new Random(seed), print },
    after: remove => cleanups.unshift(remove),
  })
  process.stdout.write(`\n${renderReport(report)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  const isLost = report.audits.some(({ promised, lost }) => promised === 'WAIT 1' && lost > 0)
  process.exitCode = report.failure === null && !isLost ? 0 : 1
} finally {
  for (const remove of cleanups) await remove()
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../support/random.js'
import { renderReport } from '../soak/report.js'
import { soak } from '../soak/soak.js'

test('whatever is struck next, every flotilla is whole again by itself, and no write acknowledged under WAIT 1 is lost', async t => {
  const seed = Date.now() % 2 ** 31
  t.diagnostic(`again: npm run soak -- --minutes 1 --seed ${seed}`)
  const cleanups: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const remove of cleanups) await remove()
  })
  const report = await soak({
    ...{ seed, minutes: 0.4, random: new Random(seed) },
    print: line => t.diagnostic(line),
    after: remove => cleanups.unshift(remove),
  })
  t.diagnostic(renderReport(report))
  assert.equal(report.failure, null)
  assert.deepEqual(
    report.audits.filter(({ promised, lost }) => promised === 'WAIT 1' && lost > 0),
    [],
  )
  assert.ok(report.results.length > 0)
})

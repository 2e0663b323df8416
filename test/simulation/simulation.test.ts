import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { scenarioOf } from './support/generate-scenario.js'
import type { Scenario } from './support/scenario.js'
import { simulate } from './support/simulate.js'

/**
 * The whole controller over a simulated engine, simulated Redis and simulated time, with faults at any
 * moment. These are the same seeds every time: whether a change is good must not depend on luck. What nobody
 * has met yet is looked for by `npm run simulate`.
 */
const slice = { first: 1_000_000, seeds: 400 }

test('whatever befalls a flotilla, no rule is broken on the way, and once it is healed it comes to rest', async t => {
  t.diagnostic('one of them again: npm run simulate -- --seed S --trace')
  let steps = 0
  for (let seed = slice.first; seed < slice.first + slice.seeds; seed++) {
    const { violation, steps: taken } = await simulate(scenarioOf(seed))
    assert.equal(violation, null, `seed ${seed}: ${violation?.rule}: ${violation?.what}`)
    steps += taken
  }
  t.diagnostic(`${slice.seeds} seeds, ${steps} steps`)
  assert.ok(steps > slice.seeds)
})

test('one seed is one run: the same steps, calls and words', async () => {
  const scenario = scenarioOf(4)
  const [once, again] = [
    await simulate(scenario, { traced: true }),
    await simulate(scenario, { traced: true }),
  ]
  assert.deepEqual(again, once)
  assert.ok(once.trace.length > 20)
})

const folder = 'test/simulation/seeds'

describe('what was broken once stays whole', () => {
  for (const file of readdirSync(folder).filter(name => name.endsWith('.json'))) {
    const { what, scenario } = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as {
      readonly what: string
      readonly scenario: Scenario
    }
    test(`${file}: ${what}`, async () => {
      const { violation } = await simulate(scenario)
      assert.equal(violation, null, violation?.what)
    })
  }
})

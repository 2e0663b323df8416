import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { scenarioOf } from './support/generate.js'
import type { Scenario } from './support/scenario.js'
import { simulate } from './support/simulate.js'

/**
 * The whole controller over a simulated engine, simulated Redis and simulated time, with faults at any moment. This is a slice with a fresh seed; the long run is
 * `npm run simulate`.
 */
const sliceMs = 12_000

test('whatever befalls a flotilla, no rule is broken on the way, and once it is healed it comes to rest', async t => {
  const first = Date.now() % 1_000_000_000
  t.diagnostic(`first seed: ${first}; one of them again: npm run simulate -- --seed S --trace`)
  const endMs = performance.now() + sliceMs
  let steps = 0
  let seed = first
  for (; performance.now() < endMs; seed++) {
    const { violation, steps: taken } = await simulate(scenarioOf(seed))
    assert.equal(violation, null, `seed ${seed}: ${violation?.rule}: ${violation?.what}`)
    steps += taken
  }
  t.diagnostic(`${seed - first} seeds, ${steps} steps`)
  assert.ok(seed > first)
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

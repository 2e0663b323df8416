import type { Scenario, SimSpec } from './scenario.js'
import { simulate, type SimOutcome, type SimulateOptions } from './simulate.js'

/**
 * The smallest scenario that can be found in which the same rule is broken: what is left in it is what it
 * takes.
 */
export async function shrink(
  scenario: Scenario,
  rule: string,
  options: SimulateOptions,
): Promise<{ readonly scenario: Scenario; readonly outcome: SimOutcome }> {
  let best = { scenario, outcome: await simulate(scenario, options) }
  for (let improved = true; improved;) {
    improved = false
    for (const smaller of smallerOnes(best.scenario)) {
      const outcome = await simulate(smaller, options)
      if (outcome.violation?.rule !== rule) continue
      best = { scenario: smaller, outcome }
      improved = true
      break
    }
  }
  return best
}

/** Each with one thing less, or one thing plainer. */
function* smallerOnes(scenario: Scenario): Generator<Scenario> {
  const { faults, writers, spec } = scenario
  for (let index = 0; index < faults.length; index++)
    yield { ...scenario, faults: faults.filter((_, one) => one !== index) }
  if (writers.length > 1) yield { ...scenario, writers: writers.slice(0, 1) }
  const plainer: Partial<SimSpec>[] = [{ minReplicas: 0 }, { restartWindowMs: 0 }, { hangTimeoutMs: 5_000 }]
  for (const change of plainer)
    if (JSON.stringify({ ...spec, ...change }) !== JSON.stringify(spec))
      yield { ...scenario, spec: { ...spec, ...change } }
  for (const [index, fault] of faults.entries())
    if (fault.afterCalls > 0)
      yield { ...scenario, faults: faults.map((one, at) => (at === index ? { ...one, afterCalls: 0 } : one)) }
}

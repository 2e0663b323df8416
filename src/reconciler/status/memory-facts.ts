import type { PlanInput } from '../plan/input.js'
import { no, yes, type Fact } from './fact.js'

export function pausedFact(input: PlanInput): Fact {
  const { pausedSinceMs } = input.memory
  return pausedSinceMs === null
    ? no('Active', 'changes are carried out')
    : yes(
        'ByRequest',
        `nothing is changed since ${new Date(pausedSinceMs).toISOString()}. Type: flotilla resume ${input.spec.name}`,
      )
}

export function lostFact(input: PlanInput): Fact {
  const { dataLost } = input.memory
  return dataLost === null
    ? no('None', '')
    : yes(
        'Gone',
        `${dataLost.keys} keys are gone since ${new Date(dataLost.atMs).toISOString()}: ${dataLost.why}. To say that you know, type: flotilla resume ${input.spec.name}`,
      )
}

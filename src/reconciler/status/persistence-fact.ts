import type { ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import { isKeptAsWanted } from '../plan/keeping.js'
import { no, yes, type Fact } from './fact.js'

/** Whether every node keeps its data as the manifest says; one that keeps it otherwise until it is made anew does not. */
export function persistenceFact(input: PlanInput, wanted: readonly ClassifiedNode[]): Fact {
  const { mode } = input.spec.persistence
  const late = wanted.filter(node => !isKeptAsWanted(input, node)).map(node => node.ordinal)
  return late.length > 0
    ? no('Applying', `${mode} is not applied on node ${late.join(', ')} yet`)
    : yes('Applied', `every node has ${mode}`)
}

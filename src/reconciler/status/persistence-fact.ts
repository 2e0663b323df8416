import type { ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import { isKeptAsWanted } from '../plan/keeping.js'
import { no, yes, type Fact } from './fact.js'

/** Whether every node keeps its data as the manifest says; one that keeps it otherwise until it is made anew does not. */
export function persistenceFact(input: PlanInput, wanted: readonly ClassifiedNode[]): Fact {
  const { mode } = input.spec.persistence
  const late = wanted.filter(node => !isKeptAsWanted(input, node)).map(node => node.ordinal)
  if (late.length > 0) return no('Applying', `${mode} is not applied on node ${late.join(', ')} yet`)
  const absent = wanted.filter(({ seen }) => seen === null).map(({ ordinal }) => ordinal)
  return absent.length > 0
    ? no('NodesMissing', `node ${absent.join(', ')} is not there`)
    : yes('Applied', `every node has ${mode}`)
}

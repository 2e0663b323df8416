import { isConfigInForce } from '../config-in-force.js'
import type { ClassifiedNode } from '../plan/classify.js'
import { hasStaleFile } from '../plan/files.js'
import type { PlanInput } from '../plan/input.js'
import type { Plan } from '../plan/plan.js'
import { isUntuned } from '../plan/tuning.js'
import { no, yes, type Fact } from './fact.js'
import type { NodeStatus } from './status.js'

/** Per node it says the same, so that nobody has to guess which one is meant. */
export function configFact(input: PlanInput, plan: Plan, wanted: readonly ClassifiedNode[]): Fact {
  const names = Object.keys(input.spec.config)
  const refusal = plan.refusals.find(({ code }) => code === 'ConfigRefused')
  if (refusal !== undefined) return no('Refused', refusal.why)
  if (!isConfigInForce(input.memory, input.spec))
    return no('Trying', 'the options are tried on a throwaway container')
  const late = wanted.filter(node => configOf(input, node) !== 'applied')
  if (late.length > 0)
    return no('Pending', late.map(node => `node ${node.ordinal} is ${configOf(input, node)}`).join(', '))
  return names.length === 0
    ? yes('NothingAsked', 'spec.config asks for nothing')
    : yes('Applied', `every node has ${names.join(', ')}`)
}

export function configOf(input: PlanInput, node: ClassifiedNode): NodeStatus['config'] {
  if (node.outdated) return 'outdated'
  return node.seen === null || isUntuned(input, node) || hasStaleFile(input, node) ? 'pending' : 'applied'
}

import type { DeletionPolicy } from '../../manifest/spec.js'
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

export function missingFact({ memory, spec, seen }: PlanInput): Fact {
  const { manifestMissing } = memory
  if (manifestMissing === null) return no('Declared', 'a manifest declares it')
  const leftSeconds = Math.max(0, Math.ceil((manifestMissing.removedAtMs - seen.atMs) / 1_000))
  return yes(
    'GracePeriod',
    `no manifest declares it since ${new Date(manifestMissing.sinceMs).toISOString()}: ${whatGoes[spec.deletionPolicy]} in ${leftSeconds} s, unless its document is put back`,
  )
}

const whatGoes: Readonly<Record<DeletionPolicy, string>> = {
  Retain: 'its containers are removed, and its data is kept,',
  Delete: 'its containers and its data are removed',
  Orphan: 'its containers are left to themselves',
}

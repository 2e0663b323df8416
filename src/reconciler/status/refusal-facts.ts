import type { Plan, RefusalCode } from '../plan/plan.js'
import { failingFact } from './failing.js'
import { no, yes, type Fact } from './fact.js'

/** Every refusal is a condition of the same name. */
export function refusalFacts(plan: Plan): Record<RefusalCode, Fact> {
  const fact = (code: string): Fact => {
    const refusal = plan.refusals.find(one => one.code === code)
    return refusal === undefined ? no('None', '') : yes(code, `${refusal.why}. Type: ${refusal.whatToType}`)
  }
  return {
    NameConflict: fact('NameConflict'),
    NetworkConflict: fact('NetworkConflict'),
    NetworkMissing: fact('NetworkMissing'),
    VolumeShared: fact('VolumeShared'),
    DataLossGuard: fact('DataLossGuard'),
    NoSafeCandidate: fact('NoSafeCandidate'),
    StrayMaster: fact('StrayMaster'),
    DuplicateNode: fact('DuplicateNode'),
    RolloutBlocked: fact('RolloutBlocked'),
    FailoverBlocked: fact('FailoverBlocked'),
    CrashLooping: fact('CrashLooping'),
    ActionFailing: failingFact(plan) ?? fact('ActionFailing'),
    ConfigRefused: fact('ConfigRefused'),
    MemoryInUse: fact('MemoryInUse'),
    TlsRefused: fact('TlsRefused'),
    BootstrapBlocked: fact('BootstrapBlocked'),
    LockedOut: fact('LockedOut'),
  }
}

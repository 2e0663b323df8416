import type { EventSink } from '../../events/catalogue.js'
import type { PassInput } from './pass-input.js'
import type { Assessment } from './observe-and-plan.js'
import { computeStatus } from '../report/compute-status.js'
import { publishChanges } from '../report/publish-changes.js'
import { publishDrift } from '../report/publish-drift.js'

/**
 * Keeps the status that follows from a look, and publishes what is different from the one before. `failure`:
 * why the last attempt to act failed; null when it didn't.
 */
export function reportStatus(
  pass: PassInput,
  assessment: Assessment,
  context: { readonly events: EventSink; readonly failure: string | null },
): void {
  const before = pass.record.status
  const status = computeStatus(assessment.input, assessment, {
    specProblem: pass.specProblem,
    failure: context.failure,
    previous: before,
    backups: pass.record.backups,
  })
  const since = before?.conditions.find(condition => condition.type === 'Ready')?.lastTransitionTime
  publishChanges(
    context.events,
    before,
    status,
    since === undefined ? 0 : Math.max(0, assessment.input.seen.atMs - Date.parse(since)),
  )
  publishDrift(context.events, pass.record.assessment, assessment)
  pass.record.setStatus(status, assessment)
  if (status.phase === 'Ready' && !pass.record.memory.everReady)
    pass.record.setMemory({ ...pass.record.memory, everReady: true })
}

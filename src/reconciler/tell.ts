import type { EventSink } from '../events/catalogue.js'
import type { PassInput } from './pass-input.js'
import type { Look } from './pass.js'
import { assess } from './status/assess.js'
import { publishChanges } from './status/changes.js'
import { publishDrift } from './status/drift-news.js'

/** Keeps the status that follows from a look, and publishes what is different from the one before. `failure`: why the last attempt to act failed; null when it didn't. */
export function tell(
  pass: PassInput,
  look: Look,
  context: { readonly events: EventSink; readonly failure: string | null },
): void {
  const before = pass.record.status
  const status = assess(look.input, look.plan, {
    specProblem: pass.specProblem,
    failure: context.failure,
    previous: before,
  })
  const since = before?.conditions.find(condition => condition.type === 'Ready')?.lastTransitionTime
  publishChanges(
    context.events,
    before,
    status,
    since === undefined ? 0 : Math.max(0, look.input.seen.atMs - Date.parse(since)),
  )
  publishDrift(context.events, pass.record.look?.input ?? null, look.input)
  pass.record.keepStatus(status, look)
  if (status.phase === 'Ready' && !pass.record.memory.everReady)
    pass.record.keepMemory({ ...pass.record.memory, everReady: true })
}

import { errorCode, explainError, FlotillaError } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import type { StateStore } from '../../state/state-store.js'
import { hasCertificates } from '../../tls/tls-view.js'
import type { NodeAuth } from '../auth/node-auth.js'
import { execute, type ActionFailure, type ExecutionResult } from '../execute/execute.js'
import { recordResults, sortFailures } from '../execute/failed-actions.js'
import { Execution } from '../execute/execution.js'
import { perform } from '../execute/perform.js'
import type { PassInput, ReconcilerTools } from './pass-input.js'
import type { ActionableAssessment, Outcome } from './observe-and-plan.js'
import { isRetry } from '../plan/action-backoff.js'
import type { Action, Plan } from '../../model/plan.js'
import { clientPortOf } from '../plan/gateway/pointing.js'
import { nodeRecordOf } from '../../model/record.js'
import { failureText, isSettled, renderAction, renderFailing, renderPlan } from '../plan/render-plan.js'
import { reportStatus } from './report-status.js'
import type { SourceLogin } from '../../model/redis.js'
import type { Keyring } from '../../model/keyring.js'

interface ActContext {
  readonly events: EventSink
  readonly auth: NodeAuth
  readonly sourceLogin: SourceLogin | null
  /** Somebody is master from now on. */
  readonly onPromoted: () => void
}

/**
 * Carries out the plan of a look, unless nothing is to be done, it is paused, or the judge objects; and
 * remembers and tells what has failed.
 */
export async function act(
  tools: ReconcilerTools,
  pass: PassInput,
  assessment: ActionableAssessment,
  context: ActContext,
): Promise<Outcome> {
  const { plan, input } = assessment
  const { events } = context
  if (plan.stages.length === 0) {
    pass.record.recordIdle()
    return idleOutcome(plan)
  }
  if (input.memory.pausedSinceMs !== null) return { kind: 'stuck', reason: 'it is paused' }
  const violations = tools.planner.findViolations(plan, input)
  if (violations.length > 0) {
    events.publish('plan.rejected', { violations, plan: renderPlan(plan) })
    return { kind: 'stuck', reason: violations.join('; ') }
  }
  const planText = renderPlan({ ...plan, failing: [] })
  const startedMs = tools.clock.monotonicMs()
  const pauseMs = replacesMaster(plan) ? 0 : pass.record.repeatPauseMs(planText, startedMs)
  if (pauseMs > 0)
    return { kind: 'again', inMs: pauseMs, reason: 'the same plan was carried out before, and did not help' }
  // That something is tried once more is no news; what comes of it is told where it is counted.
  const isNews = !isRetry(plan, input)
  if (isNews)
    events.publish('plan.started', {
      plan: plan.stages.flatMap(stage => stage.map(action => `${renderAction(action)}: ${action.cause}`)),
      actions: plan.stages.flat().length,
      stages: plan.stages.length,
    })
  const { result, done } = await executePlan(tools, pass, assessment, context)
  // What was read back may be otherwise now.
  for (const { container } of input.seen.nodes) tools.observer.readBack.forget(container.containerId)
  const failures = result.kind === 'failed' ? result.failures.filter(one => !wasPreempted(pass, one)) : []
  if (failures.length > 0 || input.memory.failed.length > 0) {
    const outcome = handleFailures(tools, pass, assessment, { events, done, failures })
    if (outcome !== null) return outcome
  }
  if (result.kind !== 'done') return { kind: 'again', inMs: 0, reason: 'something more urgent has come up' }
  if (isNews) events.publish('plan.done', { tookMs: Math.round(tools.clock.monotonicMs() - startedMs) })
  const inMs = pass.record.recordDone(planText, tools.clock.monotonicMs())
  return { kind: 'again', inMs, reason: 'the plan is done; what did it lead to?' }
}

/** Clients wait for that, however often it was done. */
function replacesMaster(plan: Plan): boolean {
  return plan.stages.flat().some(({ kind }) => kind === 'promote' || kind === 'begin-operation')
}

async function executePlan(
  tools: ReconcilerTools,
  pass: PassInput,
  assessment: ActionableAssessment,
  context: ActContext,
): Promise<{ readonly result: ExecutionResult; readonly done: readonly Action[] }> {
  const execution = createExecution(tools, pass, assessment, context)
  const done: Action[] = []
  const result = await execute(assessment.plan, {
    isPreempted: pass.preemption.isPreempted,
    async perform(action) {
      const startedMs = tools.clock.monotonicMs()
      await perform(execution, action)
      if (action.kind === 'promote') context.onPromoted()
      done.push(action)
      const tookMs = Math.round(tools.clock.monotonicMs() - startedMs)
      const node = 'ordinal' in action ? action.ordinal : null
      const { kind, cause } = action
      context.events.publish('action.done', { action: renderAction(action), kind, node, cause, tookMs })
    },
  })
  return { result, done }
}

/**
 * What waits for its next try keeps nothing else waiting: the world is looked at again at once. A failed step
 * of a change of masters fails the pass.
 */
function handleFailures(
  tools: ReconcilerTools,
  pass: PassInput,
  { input, plan }: ActionableAssessment,
  tried: {
    readonly events: EventSink
    readonly done: readonly Action[]
    readonly failures: readonly ActionFailure[]
  },
): Outcome | null {
  const { events, done, failures } = tried
  const { blocking, deferred } = sortFailures(plan, failures)
  recordResults(pass.record, input, { events, done, failures: deferred, atMs: tools.clock.nowMs() })
  if (failures.length === 0) return null
  const [first] = blocking
  const known = { ...input, memory: { ...input.memory, failed: pass.record.memory.failed } }
  const failure = first === undefined ? null : failureText(renderAction(first.action), messageOf(first.error))
  reportStatus(pass, { input: known, ...tools.planner.decide(known) }, { events, failure })
  return first === undefined
    ? { kind: 'again', inMs: 0, reason: 'an action has failed; what else is there to do?' }
    : { kind: 'failed', error: new ActionFailed(renderAction(first.action), first.error) }
}

function createExecution(
  tools: ReconcilerTools,
  pass: PassInput,
  { input, plan, template, gateway }: ActionableAssessment,
  { events, auth, sourceLogin }: Omit<ActContext, 'onPromoted'>,
): Execution {
  return new Execution(
    {
      runtime: tools.observer.runtime,
      redis: tools.observer.redis,
      gatewayPort: tools.observer.gateways.port,
      gatewayTemplate: gateway,
      clientPort: clientPortOf(pass.spec, input.memory),
      reach: tools.observer.reach,
      ownNetworks: tools.observer.ownNetworks,
      template,
      readSecretFile: path => tools.store.readSecretFile(path),
      auth,
      updateKeyring: change => updateKeyring(tools.store, pass.spec.name, change),
      certificateFor: ordinal =>
        input.tls === null || input.tls.mode === 'off' || !hasCertificates(input.tls)
          ? Promise.resolve(null)
          : tools.store.certificates.certificateFor(pass.spec, ordinal, tools.clock.nowMs()),
      persistenceOf: ordinal => nodeRecordOf(pass.record.memory, ordinal)?.persistence.current ?? null,
      sourceLogin,
      events,
      nowMs: () => tools.clock.nowMs(),
      sleep: ms => tools.clock.sleep(ms, pass.signal),
      signal: pass.signal,
      preemptSignal: pass.preemption.signal,
      setMemory: change => pass.record.setMemory(change(pass.record.memory)),
      saveMemory: (change, how) => pass.record.saveMemory(change, how),
    },
    input.seen,
    plan.stages.flat().filter(action => action.kind === 'follow').length,
  )
}

async function updateKeyring(
  store: StateStore,
  flotilla: string,
  change: (keyring: Keyring) => Keyring,
): Promise<void> {
  const keyring = await store.loadKeyring(flotilla)
  if (keyring !== null) await store.saveKeyring(flotilla, change(keyring))
}

/** A pull, say, that was ended because something more urgent has come up. */
function wasPreempted({ preemption }: PassInput, { error }: ActionFailure): boolean {
  return preemption.signal.aborted && errorCode(error) === 'runtime/aborted'
}

/** The message without its hint, which is told on its own. */
function messageOf(error: unknown): string {
  return error instanceof FlotillaError ? error.message : explainError(error)
}

/** An action's failure, with the words that say which: what the outcome carries to whoever logs it. */
export class ActionFailed extends Error {
  readonly action: string

  constructor(action: string, cause: unknown) {
    super(failureText(action, messageOf(cause)), { cause })
    this.action = action
  }
}

function idleOutcome(plan: Plan): Outcome {
  if (isSettled(plan)) return { kind: 'settled' }
  const waits = [
    ...plan.waits.map(({ what, recheckInMs }) => ({ reason: what, inMs: recheckInMs })),
    ...plan.failing.map(one => ({ reason: renderFailing(one), inMs: one.retryInMs })),
  ]
  const [first] = waits.sort((a, b) => a.inMs - b.inMs)
  return first === undefined
    ? { kind: 'stuck', reason: plan.refusals[0]?.reason ?? '' }
    : { kind: 'again', ...first }
}

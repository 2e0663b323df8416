import { errorCode, explainError, FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import type { SourceLogin } from '../redis/redis.js'
import type { StateStore } from '../state/state-store.js'
import { isInForce } from '../tls/sight.js'
import type { Keyring } from './auth/keyring.js'
import type { NodeAuth } from './auth/node-auth.js'
import { execute, type ActionFailure, type ExecutionResult } from './execute/execute.js'
import { noteActions, sortFailures } from './execute/failed-actions.js'
import { Performer } from './execute/perform.js'
import type { PassInput, ReconcilerTools } from './pass-input.js'
import type { ActionableLook, Outcome } from './pass.js'
import { isAnotherTry } from './plan/pacing.js'
import type { Action, Plan } from './plan/plan.js'
import { failureText, isSettled, renderAction, renderFailing, renderPlan } from './plan/text.js'
import { tell } from './tell.js'

interface ActContext {
  readonly events: EventSink
  readonly auth: NodeAuth
  readonly sourceLogin: SourceLogin | null
}

/** Carries out the plan of a look, unless nothing is to be done, it is paused, or the judge objects; and remembers and tells what has failed. */
export async function act(
  tools: ReconcilerTools,
  pass: PassInput,
  look: ActionableLook,
  context: ActContext,
): Promise<Outcome> {
  const { plan, input } = look
  const { events } = context
  if (plan.stages.length === 0) {
    pass.record.noteIdle()
    return outcomeOfIdle(plan)
  }
  if (input.memory.pausedSinceMs !== null) return { kind: 'stuck', because: 'it is paused' }
  const objections = tools.mind.object(plan, input)
  if (objections.length > 0) {
    events.publish('plan.rejected', { objections, plan: renderPlan(plan) })
    return { kind: 'stuck', because: objections.join('; ') }
  }
  const planText = renderPlan({ ...plan, failing: [] })
  const startedMs = tools.clock.monotonicMs()
  const pauseMs = makesMaster(plan) ? 0 : pass.record.pauseBefore(planText, startedMs)
  if (pauseMs > 0)
    return { kind: 'again', inMs: pauseMs, because: 'the same plan was carried out before, and did not help' }
  // That something is tried once more is no news; what comes of it is told where it is counted.
  const isNews = !isAnotherTry(plan, input)
  if (isNews)
    events.publish('plan.started', {
      plan: plan.stages.flatMap(stage => stage.map(action => `${renderAction(action)}: ${action.cause}`)),
      actions: plan.stages.flat().length,
      stages: plan.stages.length,
    })
  const { result, done } = await carryOut(tools, pass, look, context)
  // What was read back may be otherwise now.
  for (const { container } of input.seen.nodes) tools.eyes.readBack.forget(container.containerId)
  const failures = result.kind === 'failed' ? result.failures.filter(one => !isGivenUp(pass, one)) : []
  if (failures.length > 0 || input.memory.failed.length > 0) {
    const outcome = afterFailures(tools, pass, look, { events, done, failures })
    if (outcome !== null) return outcome
  }
  if (result.kind !== 'done') return { kind: 'again', inMs: 0, because: 'something more urgent has come up' }
  if (isNews) events.publish('plan.done', { tookMs: Math.round(tools.clock.monotonicMs() - startedMs) })
  const inMs = pass.record.noteDone(planText, tools.clock.monotonicMs())
  return { kind: 'again', inMs, because: 'the plan is done; what did it lead to?' }
}

/** Clients wait for that, however often it was done. */
function makesMaster(plan: Plan): boolean {
  return plan.stages.flat().some(({ kind }) => kind === 'promote' || kind === 'begin-operation')
}

async function carryOut(
  tools: ReconcilerTools,
  pass: PassInput,
  look: ActionableLook,
  context: ActContext,
): Promise<{ readonly result: ExecutionResult; readonly done: readonly Action[] }> {
  const performer = performerOf(tools, pass, look, context)
  const done: Action[] = []
  const result = await execute(look.plan, {
    interrupted: () => pass.interrupted(),
    async perform(action) {
      const startedMs = tools.clock.monotonicMs()
      await performer.perform(action)
      done.push(action)
      const tookMs = Math.round(tools.clock.monotonicMs() - startedMs)
      const node = 'ordinal' in action ? action.ordinal : null
      const { kind, cause } = action
      context.events.publish('action.done', { action: renderAction(action), kind, node, cause, tookMs })
    },
  })
  return { result, done }
}

/** What waits for its next try keeps nothing else waiting: the world is looked at again at once. A failed step of a change of masters fails the pass. */
function afterFailures(
  tools: ReconcilerTools,
  pass: PassInput,
  { input, plan }: ActionableLook,
  tried: {
    readonly events: EventSink
    readonly done: readonly Action[]
    readonly failures: readonly ActionFailure[]
  },
): Outcome | null {
  const { events, done, failures } = tried
  const { urgent, paced } = sortFailures(plan, failures)
  noteActions(pass.record, input, { events, done, failures: paced, atMs: tools.clock.nowMs() })
  if (failures.length === 0) return null
  const [first] = urgent
  const known = { ...input, memory: { ...input.memory, failed: pass.record.memory.failed } }
  const failure = first === undefined ? null : failureText(renderAction(first.action), messageOf(first.error))
  tell(pass, { input: known, plan: tools.mind.plan(known) }, { events, failure })
  return first === undefined
    ? { kind: 'again', inMs: 0, because: 'an action has failed; what else is there to do?' }
    : { kind: 'failed', error: new ActionFailed(renderAction(first.action), first.error) }
}

function performerOf(
  tools: ReconcilerTools,
  pass: PassInput,
  { input, plan, setting }: ActionableLook,
  { events, auth, sourceLogin }: ActContext,
): Performer {
  return new Performer(
    {
      runtime: tools.eyes.runtime,
      redis: tools.eyes.redis,
      reach: tools.eyes.reach,
      ownNetworks: tools.eyes.ownNetworks,
      setting,
      auth,
      turnKeys: change => turnKeys(tools.store, pass.spec.name, change),
      materialFor: ordinal =>
        input.tls === null || input.tls.mode === 'off' || !isInForce(input.tls)
          ? Promise.resolve(null)
          : tools.store.certificates.materialFor(pass.spec, ordinal, tools.clock.nowMs()),
      keepsOf: ordinal => pass.record.memory.nodes.find(one => one.ordinal === ordinal)?.keeps ?? null,
      sourceLogin,
      events,
      nowMs: () => tools.clock.nowMs(),
      sleep: ms => tools.clock.sleep(ms, pass.signal),
      signal: pass.signal,
      rush: pass.rush,
      keepMemory: change => pass.record.keepMemory(change(pass.record.memory)),
      saveMemory: (change, how) => pass.record.saveMemory(change, how),
    },
    input.seen,
    plan.stages.flat().filter(action => action.kind === 'follow').length,
  )
}

async function turnKeys(
  store: StateStore,
  flotilla: string,
  change: (keyring: Keyring) => Keyring,
): Promise<void> {
  const keyring = await store.loadKeyring(flotilla)
  if (keyring !== null) await store.saveKeyring(flotilla, change(keyring))
}

/** A pull, say, that was ended because something more urgent has come up. */
function isGivenUp({ rush }: PassInput, { error }: ActionFailure): boolean {
  return rush.aborted && errorCode(error) === 'runtime/aborted'
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

function outcomeOfIdle(plan: Plan): Outcome {
  if (isSettled(plan)) return { kind: 'settled' }
  const waits = [
    ...plan.waits.map(({ what, lookAgainInMs }) => ({ because: what, inMs: lookAgainInMs })),
    ...plan.failing.map(one => ({ because: renderFailing(one), inMs: one.retryInMs })),
  ]
  const [first] = waits.sort((a, b) => a.inMs - b.inMs)
  return first === undefined
    ? { kind: 'stuck', because: plan.refusals[0]?.why ?? '' }
    : { kind: 'again', ...first }
}

import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Clock } from '../clock.js'
import { errorCode, explainError, FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { scoped } from '../events/scoped.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import type { NodeTarget, SourceLogin } from '../redis/redis.js'
import type { StateStore } from '../state/state-store.js'
import { keepKeyring } from './auth/keep-keyring.js'
import type { Keyring } from './auth/keyring.js'
import { authView, nodeAuth, type NodeAuth } from './auth/node-auth.js'
import { nodeReaders } from './auth/users-seen.js'
import type { ReadEnvironment } from './auth/sources.js'
import { isInForce } from '../tls/sight.js'
import { encryptionOf } from './encryption.js'
import { execute } from './execute/execute.js'
import { Performer } from './execute/perform.js'
import type { FlotillaRecord } from './flotilla-record.js'
import type { Mind } from './mind.js'
import { factsOfNode } from './node-facts.js'
import { nodeTarget, type Eyes } from './observe/observe.js'
import { loginTo } from './observe/source.js'
import { lookAt, type ActionableLook, type Look, type Outcome } from './pass.js'
import { followedSource } from './plan/followed-source.js'
import { rightfulOrdinal } from './plan/mastership.js'
import type { Plan } from './plan/plan.js'
import { isSettled, renderAction, renderPlan } from './plan/text.js'
import { assess } from './status/assess.js'
import { publishChanges } from './status/changes.js'
import { publishDrift } from './status/drift-news.js'

export interface ReconcilerTools {
  readonly eyes: Eyes
  readonly store: StateStore
  readonly events: EventSink
  readonly clock: Clock
  readonly random: () => number
  readonly mind: Mind
  readonly flotillaVersion: string
  /** Where passwords may come from. */
  readonly environment: ReadEnvironment
}

export interface PassInput {
  readonly spec: FlotillaSpec
  readonly record: FlotillaRecord
  /** Why the manifest on disk is not the spec in force; null when it is. */
  readonly specProblem: string | null
  /** Aborts what is under way. */
  readonly signal: AbortSignal
  /** Aborts what takes long and can be given up (a pull), when something more urgent has come up: the master is lost or silent, or the manifest has changed. */
  readonly rush: AbortSignal
  /** True when something more urgent has come up: no further action is begun. */
  readonly interrupted: () => boolean
  /** A connection to the master has just been lost: see observe. */
  readonly inHaste: boolean
  /** Told after every look whom to keep an eye on between looks; null while nobody reigns. */
  readonly onMaster: (master: NodeTarget | null) => void
}

/** One pass: look, decide, object, do, tell. Never rejects for what the world does. */
export async function reconcile(tools: ReconcilerTools, pass: PassInput): Promise<Outcome> {
  const events = scoped(tools.events, { flotilla: pass.spec.name, pass: passId(tools.random) })
  try {
    const { environment } = tools
    const { inHaste } = pass
    const passwords = await keepKeyring(tools.store, pass.spec, { environment, events, inHaste })
    const tls = await tools.store.certificates.refresh(pass.spec, tools.clock.nowMs(), { inHaste })
    const auth = nodeAuth(passwords.keyring, pass.spec, encryptionOf(pass.spec, pass.record.memory, tls))
    const setting = {
      spec: pass.spec,
      publish: tools.eyes.reach === 'published',
      flotillaVersion: tools.flotillaVersion,
    }
    const following = followedSource({ spec: pass.spec, memory: pass.record.memory })
    const sourceLogin = await loginTo(pass.spec.name, following)
    const look = await lookAt(tools.eyes, {
      spec: pass.spec,
      sourceLogin,
      memory: pass.record.memory,
      credentials: auth.credentials,
      auth: authView(passwords, auth),
      readers: nodeReaders(
        { auth, keyring: passwords.keyring, spec: pass.spec },
        { followsSource: following !== null },
      ),
      tls,
      setting,
      inHaste: pass.inHaste,
      mind: tools.mind,
    })
    if (pass.inHaste && !isUrgent(look.plan))
      return { kind: 'again', inMs: 2, because: 'the master was lost just now' }
    pass.record.keepMemory(look.input.memory)
    pass.onMaster(reigningMaster(tools.eyes, look, auth))
    // What is done next may be a promotion that clients wait for: only the record of it is written before, everything else after. In haste even the words for what was
    // seen are found when the first orders have gone out, while the answers to them are on their way.
    const tellSeen = (): void => tell(pass, look, { events, failure: null })
    if (!pass.inHaste) tellSeen()
    const [outcome] = await Promise.all([
      act(tools, pass, look, { events, auth, sourceLogin }),
      pass.inHaste ? endOfTurn().then(() => (pass.record.look === look ? undefined : tellSeen())) : null,
    ])
    await pass.record.saveMemory(memory => memory)
    await pass.record.saveStatus()
    return outcome
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** Eight hexadecimal digits, by which the events of one pass are found. */
function passId(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

async function turnKeys(
  store: StateStore,
  flotilla: string,
  change: (keyring: Keyring) => Keyring,
): Promise<void> {
  const keyring = await store.loadKeyring(flotilla)
  if (keyring !== null) await store.saveKeyring(flotilla, change(keyring))
}

function reigningMaster(eyes: Eyes, { input }: Look, { credentials }: NodeAuth): NodeTarget | null {
  const rightful = rightfulOrdinal(input)
  const node = input.seen.nodes.find(one => one.ordinal === rightful)
  if (node === undefined || factsOfNode(node)?.role !== 'master') return null
  return nodeTarget(eyes.reach, { flotilla: input.spec.name, credentials }, node.container)
}

/** A hasty look is good for one thing: to replace a master whose process is gone. Everything else is worth a look at the engine. */
function isUrgent(plan: Plan): boolean {
  return plan.stages.flat().some(action => action.kind === 'promote' || action.kind === 'begin-operation')
}

async function act(
  tools: ReconcilerTools,
  pass: PassInput,
  look: ActionableLook,
  context: {
    readonly events: EventSink
    readonly auth: NodeAuth
    readonly sourceLogin: SourceLogin | null
  },
): Promise<Outcome> {
  const { plan, input, setting } = look
  const { events } = context
  if (plan.stages.length === 0) return outcomeOfIdle(plan)
  if (input.memory.pausedSinceMs !== null) return { kind: 'stuck', because: 'it is paused' }
  const objections = tools.mind.object(plan, input)
  if (objections.length > 0) {
    events.publish('plan.rejected', { objections, plan: renderPlan(plan) })
    return { kind: 'stuck', because: objections.join('; ') }
  }
  const startedMs = tools.clock.monotonicMs()
  events.publish('plan.started', {
    plan: plan.stages.flatMap(stage => stage.map(action => `${renderAction(action)}: ${action.cause}`)),
    actions: plan.stages.flat().length,
    stages: plan.stages.length,
  })
  const performer = new Performer(
    {
      runtime: tools.eyes.runtime,
      redis: tools.eyes.redis,
      reach: tools.eyes.reach,
      setting,
      auth: context.auth,
      turnKeys: change => turnKeys(tools.store, pass.spec.name, change),
      materialFor: ordinal =>
        input.tls === null || input.tls.mode === 'off' || !isInForce(input.tls)
          ? Promise.resolve(null)
          : tools.store.certificates.materialFor(pass.spec, ordinal, tools.clock.nowMs()),
      keepsOf: ordinal => pass.record.memory.nodes.find(one => one.ordinal === ordinal)?.keeps ?? null,
      sourceLogin: context.sourceLogin,
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
  const result = await execute(plan, {
    interrupted: () => pass.interrupted(),
    async perform(action) {
      const actionStartedMs = tools.clock.monotonicMs()
      await performer.perform(action)
      const tookMs = Math.round(tools.clock.monotonicMs() - actionStartedMs)
      const node = 'ordinal' in action ? action.ordinal : null
      const { kind, cause } = action
      events.publish('action.done', { action: renderAction(action), kind, node, cause, tookMs })
    },
  })
  // What was read back may be otherwise now.
  for (const { container } of input.seen.nodes) tools.eyes.readBack.forget(container.containerId)
  const failures = result.kind === 'failed' ? result.failures : []
  const failed = failures.find(({ error }) => !isGivenUp(pass, error))
  if (failed !== undefined) {
    const [action, { error }] = [renderAction(failed.action), failed]
    tell(pass, look, { events, failure: failureText(action, error) })
    return { kind: 'failed', error: new ActionFailed(action, error) }
  }
  if (result.kind !== 'done') return { kind: 'again', inMs: 0, because: 'something more urgent has come up' }
  events.publish('plan.done', { tookMs: Math.round(tools.clock.monotonicMs() - startedMs) })
  // A plan that leads to itself is no progress: the engine may not be able to do what it says that it did.
  const inMs = pass.record.isRepeated(renderPlan(plan)) ? 1_000 : 0
  return { kind: 'again', inMs, because: 'the plan is done; what did it lead to?' }
}

/** A pull, say, that was ended because something more urgent has come up. */
function isGivenUp({ rush }: PassInput, error: unknown): boolean {
  return rush.aborted && errorCode(error) === 'runtime/aborted'
}

/** What was tried and what came of it, once: adapters begin their messages with what they tried. */
function failureText(action: string, cause: unknown): string {
  const said = messageOf(cause)
  return said.startsWith(action) ? said : `${action}: ${said}`
}

/** The message without its hint, which is told on its own. */
function messageOf(error: unknown): string {
  return error instanceof FlotillaError ? error.message : explainError(error)
}

/** An action's failure, with the words that say which: what the outcome carries to whoever logs it. */
export class ActionFailed extends Error {
  readonly action: string

  constructor(action: string, cause: unknown) {
    super(failureText(action, cause), { cause })
    this.action = action
  }
}

function outcomeOfIdle(plan: Plan): Outcome {
  if (isSettled(plan)) return { kind: 'settled' }
  const [wait] = [...plan.waits].sort((a, b) => a.lookAgainInMs - b.lookAgainInMs)
  if (wait !== undefined) return { kind: 'again', inMs: wait.lookAgainInMs, because: wait.what }
  return { kind: 'stuck', because: plan.refusals[0]?.why ?? '' }
}

function tell(
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

/** Errors of the engine itself, as against those of one action: while it doesn't answer there is nothing to decide. */
export function isEngineTrouble(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'runtime/unreachable' ||
    code === 'runtime/timeout' ||
    code === 'runtime/permission-denied' ||
    code === 'runtime/failed' ||
    code === 'runtime/engine-too-old'
  )
}

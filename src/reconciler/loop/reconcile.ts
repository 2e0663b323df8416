import { setImmediate as endOfTurn } from 'node:timers/promises'
import { errorCode } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import { scoped } from '../../events/scoped.js'
import type { StateStore } from '../../state/state-store.js'
import { act } from './act.js'
import { ensureKeyring } from '../auth/ensure-keyring.js'
import { authView, gatewayPassword, nodeAuth, type NodeAuth } from '../auth/node-auth.js'
import { createAuthChecks } from '../auth/check-users.js'
import type { Secret } from '../../secret.js'
import { gatewayTemplate, type GatewayTemplate } from '../desired/desired-gateway.js'
import { encryptionOf } from '../record/connection-security.js'
import { nodeTarget, type Observer } from '../observe/observe.js'
import { loginTo } from '../observe/source.js'
import type { PassInput, ReconcilerTools } from './pass-input.js'
import { observeAndPlan, type Assessment, type Outcome } from './observe-and-plan.js'
import { externalSource } from '../plan/master/external-source.js'
import type { Plan } from '../../model/plan.js'
import { reportStatus } from './report-status.js'
import type { Encryption, NodeTarget } from '../../model/redis.js'

/** One pass: look, decide, object, do, tell. Never rejects for what the world does. */
export async function reconcile(tools: ReconcilerTools, pass: PassInput): Promise<Outcome> {
  const events = scoped(tools.events, { flotilla: pass.spec.name, pass: passId(tools.random) })
  try {
    const { environment } = tools
    const { fastPath } = pass
    if (!fastPath) await restoreMissingFiles(tools.store, pass.spec.name, events)
    if (!fastPath && pass.spec.backup !== null)
      pass.record.backups = await tools.store.loadBackupRecord(pass.spec.name)
    const passwords = await ensureKeyring(tools.store, pass.spec, { environment, events, fastPath })
    const tls = await tools.store.certificates.refresh(pass.spec, tools.clock.nowMs(), { fastPath })
    const auth = nodeAuth(passwords.keyring, pass.spec, encryptionOf(pass.spec, pass.record.memory, tls))
    const template = {
      spec: pass.spec,
      publish: tools.observer.reach === 'published',
      flotillaVersion: tools.flotillaVersion,
    }
    const following = externalSource({ spec: pass.spec, memory: pass.record.memory })
    const sourceLogin = await loginTo(pass.spec.name, following, tools.store.readSecretFile)
    const assessment = await observeAndPlan(tools.observer, {
      spec: pass.spec,
      sourceLogin,
      memory: pass.record.memory,
      credentials: auth.credentials,
      auth: authView(passwords, auth),
      authChecks: createAuthChecks(
        { auth, keyring: passwords.keyring, spec: pass.spec },
        { followsSource: following !== null },
      ),
      tls,
      template,
      gateway: await gatewayOf(tools, pass, {
        password: gatewayPassword(passwords.keyring),
        encryption: auth.credentials.encryption,
      }),
      fastPath: pass.fastPath,
      planner: tools.planner,
    })
    if (pass.fastPath && !replacesMaster(assessment.plan))
      return { kind: 'again', inMs: 2, reason: 'the master was lost just now' }
    pass.record.setMemory(assessment.input.memory)
    pass.onMaster(activeMaster(tools.observer, assessment, auth))
    // What is done next may be a promotion that clients wait for: only the record of it is written before,
    // everything else after. On the fast path even the words for what was seen are found when somebody is
    // promoted; a pass that gets no further than the fence leaves them to the one that comes at once.
    const before = pass.record.assessment
    const reportNow = (): void => {
      if (pass.record.assessment === before) reportStatus(pass, assessment, { events, failure: null })
    }
    if (!pass.fastPath) reportNow()
    const onPromoted = (): void => void endOfTurn().then(reportNow)
    const outcome = await act(tools, pass, assessment, { events, auth, sourceLogin, onPromoted })
    if (pass.fastPath && outcome.kind === 'again' && !promotes(assessment.plan)) return outcome
    reportNow()
    await pass.record.saveMemory(memory => memory)
    await pass.record.saveStatus()
    return outcome
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** Null where none is asked for. */
async function gatewayOf(
  { store, clock, observer, flotillaVersion }: ReconcilerTools,
  { spec }: PassInput,
  login: { readonly password: Secret; readonly encryption: Encryption | undefined },
): Promise<GatewayTemplate | null> {
  if (spec.gateway === null) return null
  const certificates = await store.gatewayCertificates.ensure(spec.name, clock.nowMs())
  const publish = observer.reach === 'published'
  return gatewayTemplate({ spec, publish, flotillaVersion, certificates, ...login })
}

/** What a running daemon knows outlasts its files, for as long as it runs. */
async function restoreMissingFiles(store: StateStore, flotilla: string, events: EventSink): Promise<void> {
  const lost = store.missingFiles(flotilla)
  if (lost.length === 0) return
  await store.restoreMissingFiles(flotilla)
  events.publish('state.restored', { files: lost })
}

/** Eight hexadecimal digits, by which the events of one pass are found. */
function passId(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

function activeMaster(
  observer: Observer,
  { input, members }: Assessment,
  { credentials }: NodeAuth,
): NodeTarget | null {
  const master = members.wanted.find(({ ordinal }) => ordinal === members.recordedMaster)
  if (master === undefined || master.seen === null || master.facts?.role !== 'master') return null
  return nodeTarget(observer.reach, { flotilla: input.spec.name, credentials }, master.seen.container)
}

/**
 * A hasty look is good for one thing: to replace a master whose process is gone. Everything else is worth a
 * look at the engine.
 */
function replacesMaster(plan: Plan): boolean {
  return promotes(plan) || plan.stages.flat().some(({ kind }) => kind === 'begin-operation')
}

function promotes(plan: Plan): boolean {
  return plan.stages.flat().some(({ kind }) => kind === 'promote')
}

/**
 * Errors of the engine itself, as against those of one action: while it doesn't answer there is nothing to
 * decide.
 */
export function isEngineFailure(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'runtime/unreachable' ||
    code === 'runtime/timeout' ||
    code === 'runtime/permission-denied' ||
    code === 'runtime/failed' ||
    code === 'runtime/engine-too-old'
  )
}

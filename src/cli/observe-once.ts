import { systemClock } from '../clock.js'
import { digestOf } from '../manifest/digest.js'
import type { FlotillaSpec } from '../model/spec.js'
import { peekKeyring } from '../reconciler/auth/ensure-keyring.js'
import { authView, gatewayPassword, nodeAuth } from '../reconciler/auth/node-auth.js'
import { createAuthChecks } from '../reconciler/auth/check-users.js'
import { encryptionOf } from '../reconciler/record/connection-security.js'
import { newMemory, type FlotillaMemory } from '../model/record.js'
import { gatewayTemplate, type GatewayTemplate } from '../reconciler/desired/desired-gateway.js'
import { loginTo } from '../reconciler/observe/source.js'
import { externalSource } from '../reconciler/plan/master/external-source.js'
import type { ObservedNode } from '../model/observation.js'
import { observeAndPlan, type Assessment, type AssessmentInput } from '../reconciler/loop/observe-and-plan.js'
import { computeStatus } from '../reconciler/report/compute-status.js'
import type { FlotillaStatus } from '../model/status.js'
import { flotillaVersion } from '../version.js'
import { peekCredentials } from '../session/peek-credentials.js'
import type { Session } from '../session/session.js'

/**
 * Looks at a flotilla as the daemon would, and changes nothing: no state is written, no password is made.
 * Works beside a running daemon, whose memory it reads.
 */
export async function observeOnce(session: Session, spec: FlotillaSpec): Promise<Assessment> {
  const memory = (await session.store.peekMemory(spec.name)) ?? newMemory(spec.name)
  const following = externalSource({ spec, memory })
  const input = {
    spec,
    memory,
    ...(await peekPasswords(session, spec, following !== null)),
    tls: await session.store.certificates.peek(spec, systemClock.nowMs()),
    sourceLogin: await loginTo(spec.name, following, session.store.readSecretFile),
    fastPath: false,
    gateway: await peekGateway(session, spec, memory),
    template: { spec, publish: session.reach.mode === 'published', flotillaVersion },
  }
  for (let attempts = 1; ; attempts++) {
    const assessment = await observeAndPlan(session.observer, input)
    if (attempts === attemptsMax || !assessment.input.seen.nodes.some(isSilent)) return assessment
    await systemClock.sleep(retryDelayMs)
  }
}

/**
 * A daemon knows for how long a node has been silent. A command that has just begun would take one slow
 * answer of a busy host for a dead node.
 */
const attemptsMax = 3
const retryDelayMs = 150

function isSilent({ probe }: ObservedNode): boolean {
  return probe?.kind === 'silent' || probe?.kind === 'hung'
}

/**
 * The status as of now; what only the daemon knows (since when a condition holds) comes from its last one.
 */
export async function statusNow(
  session: Session,
  spec: FlotillaSpec,
  options: { readonly problem?: string | null; readonly noReconciler?: boolean } = {},
): Promise<FlotillaStatus> {
  const { problem = null, noReconciler = false } = options
  const previous = await session.store.loadStatus(spec.name)
  const assessment = await observeOnce(session, spec)
  const changed =
    assessment.input.memory.spec === null || digestOf(assessment.input.memory.spec) !== digestOf(spec)
  const input = changed
    ? {
        ...assessment.input,
        memory: { ...assessment.input.memory, generation: assessment.input.memory.generation + 1 },
      }
    : assessment.input
  return computeStatus(input, assessment, {
    specProblem: problem,
    failure: null,
    previous,
    noReconciler,
    backups: await session.store.loadBackupRecord(spec.name),
  })
}

/** What a keeper would find now; what nodes are to be given it would write down first. */
async function peekPasswords(
  session: Session,
  spec: FlotillaSpec,
  followsSource: boolean,
): Promise<Pick<AssessmentInput, 'credentials' | 'auth' | 'authChecks'>> {
  const credentials = await peekCredentials(session, spec)
  const kept = await peekKeyring(session.store, spec)
  if (kept === null) return { credentials, auth: null, authChecks: null }
  const { keyring } = kept
  const auth = nodeAuth(keyring, spec)
  return {
    credentials,
    auth: authView(kept, auth),
    authChecks: createAuthChecks({ auth, keyring, spec }, { followsSource }),
  }
}

/** As it is to be; null where none is asked for, or the daemon has not made its certificates yet. */
async function peekGateway(
  session: Session,
  spec: FlotillaSpec,
  memory: FlotillaMemory,
): Promise<GatewayTemplate | null> {
  const certificates = await session.store.gatewayCertificates.peek(spec.name)
  const keyring = await session.store.loadKeyring(spec.name)
  if (spec.gateway === null || certificates === null || keyring === null) return null
  const tls = await session.store.certificates.peek(spec, systemClock.nowMs())
  return gatewayTemplate({
    ...{ spec, certificates, flotillaVersion, publish: session.reach.mode === 'published' },
    password: gatewayPassword(keyring),
    encryption: encryptionOf(spec, memory, tls).encryption,
  })
}

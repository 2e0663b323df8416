import { systemClock } from '../clock.js'
import { digestOf } from '../manifest/digest.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import { peekKeyring } from '../reconciler/auth/keep-keyring.js'
import { authView, credentialsOf, nodeAuth } from '../reconciler/auth/node-auth.js'
import { nodeReaders } from '../reconciler/auth/users-seen.js'
import { encryptionOf } from '../reconciler/encryption.js'
import { newMemory } from '../reconciler/memory.js'
import { loginTo } from '../reconciler/observe/source.js'
import { followedSource } from '../reconciler/plan/followed-source.js'
import type { NodeSeen } from '../reconciler/observation.js'
import { lookAt, type Look, type LookInput } from '../reconciler/pass.js'
import { assess } from '../reconciler/status/assess.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import type { NodeCredentials } from '../redis/redis.js'
import { Secret } from '../secret.js'
import { flotillaVersion } from '../version.js'
import type { Session } from './session.js'

/**
 * Looks at a flotilla as the daemon would, and changes nothing: no state is written, no password is made. Works beside a running daemon, whose memory it reads.
 */
export async function lookOnly(session: Session, spec: FlotillaSpec): Promise<Look> {
  const memory = (await session.store.peekMemory(spec.name)) ?? newMemory(spec.name)
  const following = followedSource({ spec, memory })
  const input = {
    spec,
    memory,
    ...(await passwordsIfThere(session, spec, following !== null)),
    tls: await session.store.certificates.peek(spec, systemClock.nowMs()),
    sourceLogin: await loginTo(spec.name, following, session.store.readSecretFile),
    inHaste: false,
    setting: { spec, publish: session.reach.mode === 'published', flotillaVersion },
  }
  for (let looks = 1; ; looks++) {
    const look = await lookAt(session.eyes, input)
    if (looks === looksAtMost || !look.input.seen.nodes.some(isSilent)) return look
    await systemClock.sleep(betweenLooksMs)
  }
}

/** A daemon knows for how long a node has been silent. A command that has just begun would take one slow answer of a busy host for a dead node. */
const looksAtMost = 3
const betweenLooksMs = 150

function isSilent({ probe }: NodeSeen): boolean {
  return probe?.kind === 'silent' || probe?.kind === 'hung'
}

/** The status as of now; what only the daemon knows (since when a condition holds) comes from its last one. */
export async function statusNow(
  session: Session,
  spec: FlotillaSpec,
  options: { readonly problem?: string | null; readonly nobodyActs?: boolean } = {},
): Promise<FlotillaStatus> {
  const { problem = null, nobodyActs = false } = options
  const previous = await session.store.loadStatus(spec.name)
  const look = await lookOnly(session, spec)
  const changed = look.input.memory.spec === null || digestOf(look.input.memory.spec) !== digestOf(spec)
  const input = changed
    ? { ...look.input, memory: { ...look.input.memory, generation: look.input.memory.generation + 1 } }
    : look.input
  return assess(input, look.plan, { specProblem: problem, failure: null, previous, nobodyActs })
}

/** What a keeper would find now; what nodes are to be given it would write down first. */
async function passwordsIfThere(
  session: Session,
  spec: FlotillaSpec,
  followsSource: boolean,
): Promise<Pick<LookInput, 'credentials' | 'auth' | 'readers'>> {
  const credentials = await credentialsIfThere(session, spec)
  const kept = await peekKeyring(session.store, spec)
  if (kept === null) return { credentials, auth: null, readers: null }
  const { keyring } = kept
  const auth = nodeAuth(keyring, spec)
  return {
    credentials,
    auth: authView(kept, auth),
    readers: nodeReaders({ auth, keyring, spec }, { followsSource }),
  }
}

/** A flotilla that was never reconciled has no passwords and no nodes to use them on. */
export async function credentialsIfThere(session: Session, spec: FlotillaSpec): Promise<NodeCredentials> {
  const keyring = await session.store.loadKeyring(spec.name)
  if (keyring === null) return { control: new Secret('-'), replication: new Secret('-'), application: null }
  const tls = await session.store.certificates.peek(spec, systemClock.nowMs())
  const memory = (await session.store.peekMemory(spec.name)) ?? newMemory(spec.name)
  return { ...credentialsOf(keyring, spec), ...encryptionOf(spec, memory, tls) }
}

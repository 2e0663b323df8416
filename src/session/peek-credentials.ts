import { systemClock } from '../clock.js'
import { newMemory } from '../model/record.js'
import type { NodeCredentials } from '../model/redis.js'
import type { FlotillaSpec } from '../model/spec.js'
import { credentialsOf } from '../reconciler/auth/node-auth.js'
import { encryptionOf } from '../reconciler/record/connection-security.js'
import { Secret } from '../secret.js'
import type { Session } from './session.js'

/** A flotilla that was never reconciled has no passwords and no nodes to use them on. */
export async function peekCredentials(
  session: Pick<Session, 'store'>,
  spec: FlotillaSpec,
): Promise<NodeCredentials> {
  const keyring = await session.store.loadKeyring(spec.name)
  if (keyring === null) return { control: new Secret('-'), replication: new Secret('-'), application: null }
  const tls = await session.store.certificates.peek(spec, systemClock.nowMs())
  const memory = (await session.store.peekMemory(spec.name)) ?? newMemory(spec.name)
  return { ...credentialsOf(keyring, spec), ...encryptionOf(spec, memory, tls) }
}

import { FlotillaError } from '../../errors.js'
import { gatewayUser } from '../../model/acl-user.js'
import { activatePasswords, retirePasswords } from '../auth/keyring.js'
import { nodeRecordOf, withNodeRecord, type FlotillaMemory } from '../../model/record.js'
import { isApplied } from '../desired/applied.js'
import { appliedAuthFiles, appliedUsers } from '../plan/settings/users.js'
import type { Action } from '../../model/plan.js'
import type { ExecutionContext } from './execution-context.js'
import { writeNodeFiles } from './node-files.js'
import type { RunningNode } from './transport.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { NodeTarget } from '../../model/redis.js'

/** How long a node may take to accept its users. */
const commandDeadlineMs = 10_000

/** The files first: a node that ends in between starts with what is accepted today as well. */
export async function applyAuth(
  context: ExecutionContext,
  { ordinal, container, target }: RunningNode,
): Promise<void> {
  const { redis, auth, setMemory } = context
  await writeNodeFiles(context, ordinal, container)
  const call = { deadlineMs: commandDeadlineMs }
  await redis.setUsers(target, { set: auth.users, remove: departedUsers(context) }, call)
  // A replica logs in with it when it next connects; a link that is up stays up.
  const login = { masterauth: auth.credentials.replication.reveal() }
  await redis.setConfig(target, { ...login, 'protected-mode': auth.isPasswordless ? 'no' : 'yes' }, call)
  const reason = await applyManifestUsers(context, target)
  const usersRefused = reason === null ? null : { digest: auth.digest, reason }
  setMemory(memory => ({ ...memory, usersRefused }))
  setMemory(memory => withUsers(memory, { ordinal, container }, auth.digest))
}

/** The gateway's goes with the gateway; it is no user of the keyring's. */
function departedUsers({ auth, template }: ExecutionContext): readonly string[] {
  return template.spec.gateway === null ? [...auth.departed, gatewayUser] : auth.departed
}

/**
 * A user whose rules a server does not know stays as it was there, and keeps nobody else from being given
 * theirs. @returns what was refused.
 */
async function applyManifestUsers(
  { redis, auth }: ExecutionContext,
  target: NodeTarget,
): Promise<string | null> {
  const refusals: string[] = []
  for (const user of auth.others)
    try {
      await redis.setUsers(target, { set: [user], remove: [] }, { deadlineMs: commandDeadlineMs })
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.code !== 'redis/refused-command') throw error
      refusals.push(error.message)
    }
  return refusals.length === 0 ? null : refusals.join('; ')
}

/** A process has what its container's files said at its start. */
export function recordStart(context: ExecutionContext, ordinal: number, container: ContainerFacts): void {
  const { auth, setMemory } = context
  // Users that the manifest names are in no file.
  if (auth.others.length > 0) return
  setMemory(memory =>
    isApplied(nodeRecordOf(memory, ordinal), appliedAuthFiles(container, auth.digest))
      ? withUsers(memory, { ordinal, container }, auth.digest)
      : memory,
  )
}

/** How this server lists them is read again. */
function withUsers(
  memory: FlotillaMemory,
  { ordinal, container }: Pick<RunningNode, 'ordinal' | 'container'>,
  digest: string,
): FlotillaMemory {
  return withNodeRecord(memory, ordinal, record => {
    const { 'listed-users': _listed, ...applied } = record.applied
    return { ...record, applied: { ...applied, ...appliedUsers(container, digest) } }
  })
}

export async function activateNextPasswords(
  { updateKeyring, nowMs, template, events }: ExecutionContext,
  { users }: Extract<Action, { kind: 'activate-passwords' }>,
): Promise<void> {
  const at = { nowMs: nowMs(), overlapMs: template.spec.auth.overlapMs }
  await updateKeyring(keyring => activatePasswords(keyring, users, at))
  const formerUntil = new Date(at.nowMs + at.overlapMs).toISOString()
  events.publish('password.rotated', { users, formerUntil })
}

export async function retireFormerPasswords(
  { updateKeyring, nowMs, events }: ExecutionContext,
  { users, departed }: Extract<Action, { kind: 'retire-passwords' }>,
): Promise<void> {
  const atMs = nowMs()
  await updateKeyring(keyring => retirePasswords(keyring, { users, departed, nowMs: atMs }))
  events.publish('password.retired', { users: [...users, ...departed] })
}

import { FlotillaError } from '../../errors.js'
import type { NodeTarget } from '../../redis/redis.js'
import type { ContainerFacts } from '../../runtime/runtime.js'
import { adoptPasswords, retirePasswords } from '../auth/keyring.js'
import { withNodeRecord } from '../memory.js'
import { filesGiven, processGiven } from '../plan/given.js'
import type { Action } from '../plan/plan.js'
import type { Hands } from './hands.js'
import { putNodeFiles } from './node-files.js'
import type { RunningNode } from './transport.js'

/** How long a node may take to accept its users. */
const orderDeadlineMs = 10_000

/** The files first: a node that ends in between starts with what is accepted today as well. */
export async function applyAuth(hands: Hands, { ordinal, container, target }: RunningNode): Promise<void> {
  const { redis, auth, keepMemory } = hands
  await putNodeFiles(hands, ordinal, container)
  const call = { deadlineMs: orderDeadlineMs }
  await redis.setUsers(target, { set: auth.users, remove: auth.departed }, call)
  // A replica logs in with it when it next connects; a link that is up stays up.
  const login = { masterauth: auth.credentials.replication.reveal() }
  await redis.setConfig(target, { ...login, 'protected-mode': auth.openToAll ? 'no' : 'yes' }, call)
  const why = await giveOthers(hands, target)
  const usersRefused = why === null ? null : { digest: auth.digest, why }
  keepMemory(memory => ({ ...memory, usersRefused }))
  const process = processGiven(container, auth.digest)
  keepMemory(memory =>
    withNodeRecord(memory, ordinal, record => ({
      ...record,
      given: { ...record.given, process, listed: null },
    })),
  )
}

/** A user whose rules a server does not know stays as it was there, and keeps nobody else from being given theirs. @returns what was refused. */
async function giveOthers({ redis, auth }: Hands, target: NodeTarget): Promise<string | null> {
  const refusals: string[] = []
  for (const user of auth.others)
    try {
      await redis.setUsers(target, { set: [user], remove: [] }, { deadlineMs: orderDeadlineMs })
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.code !== 'redis/refused-command') throw error
      refusals.push(error.message)
    }
  return refusals.length === 0 ? null : refusals.join('; ')
}

/** A process has what its container's files said at its start. */
export function noteStarted(hands: Hands, ordinal: number, container: ContainerFacts): void {
  const { auth, keepMemory } = hands
  // Users that the manifest names are in no file.
  if (auth.others.length > 0) return
  keepMemory(memory =>
    withNodeRecord(memory, ordinal, record =>
      record.given.files === filesGiven(container, auth.digest)
        ? {
            ...record,
            given: { ...record.given, process: processGiven(container, auth.digest), listed: null },
          }
        : record,
    ),
  )
}

export async function adopt(
  { turnKeys, nowMs, setting, events }: Hands,
  { users }: Extract<Action, { kind: 'adopt-passwords' }>,
): Promise<void> {
  const at = { nowMs: nowMs(), overlapMs: setting.spec.auth.overlapMs }
  await turnKeys(keyring => adoptPasswords(keyring, users, at))
  const formerUntil = new Date(at.nowMs + at.overlapMs).toISOString()
  events.publish('password.adopted', { users, formerUntil })
}

export async function retire(
  { turnKeys, nowMs, events }: Hands,
  { users, departed }: Extract<Action, { kind: 'retire-passwords' }>,
): Promise<void> {
  const atMs = nowMs()
  await turnKeys(keyring => retirePasswords(keyring, { users, departed, nowMs: atMs }))
  events.publish('password.retired', { users: [...users, ...departed] })
}

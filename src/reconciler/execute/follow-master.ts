import { FlotillaError } from '../../errors.js'
import type { NodeTarget, RedisPort } from '../../redis/redis.js'
import { tlsPort } from '../../redis/tls.js'
import { serverNameOf } from '../../tls/sight.js'
import { withNodeRecord } from '../memory.js'
import { masterLinkAlias, nodeAlias, redisPort } from '../names.js'
import type { Action } from '../plan/plan.js'
import type { Hands } from './hands.js'
import type { SyncTurns } from './sync-turns.js'

/** Makes a node follow the master by its alias, in its turn. What copies everything is from then on no longer known to be something else. */
export async function followMaster(
  { redis, setting, nowMs, keepMemory }: Hands,
  action: Extract<Action, { kind: 'follow' }>,
  on: {
    readonly replica: NodeTarget
    readonly master: NodeTarget | null
    /** What the replica was when this was decided; null where it did not answer. */
    readonly seenAs: 'master' | 'replica' | null
    readonly turns: SyncTurns
    readonly deadlineMs: number
  },
): Promise<void> {
  const { ordinal, master, nudge, encrypted, fullCopy } = action
  const port = encrypted === true ? tlsPort : redisPort
  const upstream = {
    host: nodeAlias(setting.spec.name, master),
    port,
    ...(encrypted === undefined ? {} : { encrypted }),
    ...(encrypted === true ? { expectedName: serverNameOf(setting.spec.name) } : {}),
  }
  await on.turns.take({ replica: on.replica, master: on.master }, async () => {
    if (on.seenAs === 'replica') await stillReplica(redis, ordinal, on)
    await redis.follow(on.replica, upstream, {
      deadlineMs: on.deadlineMs,
      ...(nudge ? { nudge: { host: masterLinkAlias, port } } : {}),
      ...(fullCopy === undefined ? {} : { fullCopy: true }),
    })
  })
  if (fullCopy === undefined) return
  const copied = { ...fullCopy, atMs: nowMs() }
  keepMemory(memory =>
    withNodeRecord(memory, ordinal, record => ({ ...record, divergence: null, fullCopy: copied })),
  )
}

/** What was decided some time ago may throw away what somebody has written since: following replaces all that a node holds. */
async function stillReplica(
  redis: RedisPort,
  ordinal: number,
  { replica, deadlineMs }: { readonly replica: NodeTarget; readonly deadlineMs: number },
): Promise<void> {
  const probe = await redis.probe(replica, { deadlineMs })
  if (probe.kind === 'answered' && probe.facts.role === 'master')
    throw new FlotillaError('redis/refused-command', `node ${ordinal} was made master meanwhile`)
}

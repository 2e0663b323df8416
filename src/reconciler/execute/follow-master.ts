import { FlotillaError } from '../../errors.js'
import type { RedisPort } from '../../redis/redis.js'
import { tlsPort } from '../../redis/tls.js'
import { serverNameOf } from '../../tls/tls-view.js'
import { withNodeRecord } from '../../model/record.js'
import { masterLinkAlias, nodeAlias, redisPort } from '../../model/names.js'
import type { Action } from '../../model/plan.js'
import type { ExecutionContext } from './execution-context.js'
import type { SyncThrottle } from './sync-throttle.js'
import type { NodeTarget } from '../../model/redis.js'

/**
 * Makes a node follow the master by its alias, in its turn. What copies everything is from then on no longer
 * known to be something else.
 */
export async function followMaster(
  { redis, template, nowMs, setMemory }: ExecutionContext,
  action: Extract<Action, { kind: 'follow' }>,
  on: {
    readonly replica: NodeTarget
    readonly master: NodeTarget | null
    /** What the replica was when this was decided; null where it did not answer. */
    readonly observedRole: 'master' | 'replica' | null
    readonly throttle: SyncThrottle
    readonly deadlineMs: number
  },
): Promise<void> {
  const { ordinal, master, reconnect, encrypted, fullCopy } = action
  const port = encrypted === true ? tlsPort : redisPort
  const upstream = {
    host: nodeAlias(template.spec.name, master),
    port,
    ...(encrypted === undefined ? {} : { encrypted }),
    ...(encrypted === true ? { expectedName: serverNameOf(template.spec.name) } : {}),
  }
  await on.throttle.take({ replica: on.replica, master: on.master }, async () => {
    if (on.observedRole === 'replica') await ensureStillReplica(redis, ordinal, on)
    await redis.follow(on.replica, upstream, {
      deadlineMs: on.deadlineMs,
      ...(reconnect ? { reconnect: { host: masterLinkAlias, port } } : {}),
      ...(fullCopy === undefined ? {} : { fullCopy: true }),
    })
  })
  if (fullCopy === undefined) return
  const copied = { ...fullCopy, atMs: nowMs() }
  setMemory(memory =>
    withNodeRecord(memory, ordinal, record => ({ ...record, divergence: null, fullCopy: copied })),
  )
}

/**
 * What was decided some time ago may throw away what somebody has written since: following replaces all that
 * a node holds.
 */
async function ensureStillReplica(
  redis: RedisPort,
  ordinal: number,
  { replica, deadlineMs }: { readonly replica: NodeTarget; readonly deadlineMs: number },
): Promise<void> {
  const probe = await redis.probe(replica, { deadlineMs })
  if (probe.kind === 'answered' && probe.facts.role === 'master')
    throw new FlotillaError('redis/refused-command', `node ${ordinal} was made master meanwhile`)
}

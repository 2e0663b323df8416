import { noUpstream, type SourceAction } from '../../model/actions/sources.js'
import { replicationUser } from '../../model/acl-user.js'
import { masterLinkAlias, redisPort } from '../../model/names.js'
import type { ActionOf } from '../../model/plan.js'
import type { SourceLogin } from '../../model/redis.js'
import type { Execution } from './execution.js'
import { commandDeadlineMs, stepDeadlineMs, type Performers } from './performer.js'

const step = { deadlineMs: stepDeadlineMs }

export const sourcePerformers: Performers<SourceAction['kind']> = {
  'record-source': recordSource,
  'follow-source': (execution, action) =>
    execution.explainingExit(action.ordinal, () => followSource(execution, action)),
  'fence-source': execution => execution.context.redis.follow(execution.sourceTarget(), noUpstream, step),
  'unfence-source': execution => execution.context.redis.promote(execution.sourceTarget(), step),
  'restore-login': (execution, { ordinal }) => {
    const { replication: password } = execution.context.auth.credentials
    return execution.explainingExit(ordinal, () =>
      setMasterLogin(execution, ordinal, { user: replicationUser, password }),
    )
  },
}

async function recordSource(
  { context: { saveMemory, nowMs, events }, observedSource }: Execution,
  { from, leader, network }: ActionOf<'record-source'>,
): Promise<void> {
  const sinceMs = nowMs()
  await saveMemory(memory => ({ ...memory, source: { from, leader, phase: 'followed', network, sinceMs } }))
  events.publish('source.followed', { node: leader, source: observedSource?.displayName ?? '' })
}

async function followSource(
  execution: Execution,
  { ordinal, upstream }: ActionOf<'follow-source'>,
): Promise<void> {
  const { redis, sourceLogin } = execution.context
  await setMasterLogin(execution, ordinal, sourceLogin)
  // It always reconnects: it may be waiting for an address that was another's.
  const reconnect = { host: masterLinkAlias, port: redisPort }
  await redis.follow(execution.targetOf(ordinal), upstream, { deadlineMs: commandDeadlineMs, reconnect })
}

/** As whom the node logs in to whom it follows; null: as nobody. */
async function setMasterLogin(
  execution: Execution,
  ordinal: number,
  login: SourceLogin | null,
): Promise<void> {
  const options = { masteruser: login?.user ?? '', masterauth: login?.password.reveal() ?? '' }
  const { redis } = execution.context
  await redis.setConfig(execution.targetOf(ordinal), options, { deadlineMs: commandDeadlineMs })
}

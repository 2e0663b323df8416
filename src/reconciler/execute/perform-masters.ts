import type { MasterAction } from '../../model/actions/masters.js'
import type { ActionOf } from '../../model/plan.js'
import { lineageOf, type Lineage } from '../../model/record.js'
import { awaitOffset } from './await-offset.js'
import type { Execution } from './execution.js'
import { followMaster } from './follow-master.js'
import { beginOperation, completeRequest, endOperation } from './perform-operation.js'
import { commandDeadlineMs, stepDeadlineMs, type Performers } from './performer.js'

export const masterPerformers: Performers<MasterAction['kind']> = {
  'begin-operation': ({ context }, { operation }) => beginOperation(context, operation),
  'pause-writes': (execution, action) =>
    execution.context.redis.pauseWrites(execution.addressOf(action), {
      forMs: action.forMs,
      deadlineMs: stepDeadlineMs,
    }),
  'catch-up': (execution, action) =>
    execution.explainingExit(action.ordinal, () => {
      const replica = execution.targetOf(action.ordinal)
      const master = 'source' in action ? execution.sourceTarget() : execution.targetOf(action.master)
      return awaitOffset(execution.context, { replica, master, withinMs: action.withinMs })
    }),
  promote: (execution, { ordinal }) => {
    const promotion = execution.explainingExit(ordinal, () =>
      execution.context.redis.promote(execution.targetOf(ordinal), { deadlineMs: commandDeadlineMs }),
    )
    execution.recordPromotion(ordinal, promotion)
    return promotion
  },
  'disconnect-clients': async (execution, action) => {
    const target = execution.addressOf(action)
    await execution.context.redis.disconnectClients(target, { deadlineMs: stepDeadlineMs })
  },
  'resume-writes': (execution, action) =>
    execution.context.redis.resumeWrites(execution.addressOf(action), { deadlineMs: stepDeadlineMs }),
  'end-operation': async (execution, action) => {
    const lineage = await promotedLineage(execution, action)
    return endOperation(execution.context, lineage === null ? action : { ...action, lineage })
  },
  'complete-request': ({ context }, action) => completeRequest(context, action),
  follow: (execution, action) =>
    execution.explainingExit(action.ordinal, () =>
      followMaster(execution.context, action, {
        replica: execution.targetOf(action.ordinal),
        master: execution.targetIfAny(action.master),
        observedRole: execution.roleOf(action.ordinal),
        throttle: execution.throttle,
        deadlineMs: commandDeadlineMs,
      }),
    ),
}

/**
 * A promotion begins a history of its own. Where every node has come up with it, nobody but the new master
 * may ever tell how that goes on from the recorded one: replicas that copy everything forget what was before,
 * and a master that dies before the next look would be taken for one that holds more than they do. Null where
 * the next look is soon enough, or it does not answer.
 */
async function promotedLineage(
  execution: Execution,
  { operation: { kind, to }, result }: ActionOf<'end-operation'>,
): Promise<Lineage | null> {
  if (result !== 'done' || kind !== 'restart') return null
  const { redis, nowMs } = execution.context
  const target = execution.targetIfAny(to)
  const probe = target === null ? null : await redis.probe(target, { deadlineMs: stepDeadlineMs })
  return probe?.kind === 'answered' && probe.facts.role === 'master' ? lineageOf(probe.facts, nowMs()) : null
}

import type { MasterAction } from '../../model/actions/masters.js'
import { awaitOffset } from './await-offset.js'
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
  'end-operation': ({ context }, action) => endOperation(context, action),
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

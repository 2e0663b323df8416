import { FlotillaError } from '../../errors.js'
import { replicationUser } from '../../model/acl-user.js'
import { masterLinkAlias, redisPort } from '../../model/names.js'
import type { ObservedSource } from '../../model/observation.js'
import { sourceTarget } from '../observe/source.js'
import { noUpstream, type Action } from '../../model/plan.js'
import { awaitOffset } from './await-offset.js'
import type { ExecutionContext } from './execution-context.js'
import type { NodeTarget, SourceLogin } from '../../model/redis.js'

const sourceActionKinds = [
  'record-source',
  'follow-source',
  'pause-source',
  'catch-up-source',
  'fence-source',
  'unfence-source',
  'resume-source',
  'disconnect-source-clients',
  'restore-login',
] as const

/**
 * What is done about a Redis of somebody else: writing down that it is followed, following it, and taking
 * over from it.
 */
export type SourceAction = Extract<Action, { readonly kind: (typeof sourceActionKinds)[number] }>

export function isSourceAction(action: Action): action is SourceAction {
  return sourceActionKinds.some(kind => kind === action.kind)
}

/** A node that was started a moment ago has this long to answer its first order. */
const commandDeadlineMs = 10_000

/** A step of a take-over, while writes wait. */
const stepDeadlineMs = 1_000

/** `targetOf` finds a node of ours, as it is after the stages before. */
export async function performSource(
  context: ExecutionContext,
  action: SourceAction,
  world: {
    readonly source: ObservedSource | null
    readonly targetOf: (ordinal: number) => NodeTarget
  },
): Promise<void> {
  const { redis } = context
  const source = (): NodeTarget => reachable(context, world.source)
  const step = { deadlineMs: stepDeadlineMs }
  switch (action.kind) {
    case 'record-source':
      return recordSource(context, action, world.source)
    case 'follow-source': {
      const leader = world.targetOf(action.ordinal)
      await setMasterLogin(context, leader, context.sourceLogin)
      // Always nudged: it may be waiting for an address that was another's.
      const reconnect = { host: masterLinkAlias, port: redisPort }
      return redis.follow(leader, action.upstream, { deadlineMs: commandDeadlineMs, reconnect })
    }
    case 'restore-login':
      return setMasterLogin(context, world.targetOf(action.ordinal), {
        user: replicationUser,
        password: context.auth.credentials.replication,
      })
    case 'pause-source':
      return redis.pauseWrites(source(), { forMs: action.forMs, ...step })
    case 'catch-up-source': {
      const [replica, master] = [world.targetOf(action.ordinal), source()]
      return awaitOffset(context, { replica, master, withinMs: action.withinMs })
    }
    case 'fence-source':
      return redis.follow(source(), noUpstream, step)
    case 'unfence-source':
      return redis.promote(source(), step)
    case 'resume-source':
      return redis.resumeWrites(source(), step)
    case 'disconnect-source-clients':
      await redis.disconnectClients(source(), step)
      return
  }
}

async function recordSource(
  { saveMemory, nowMs, events }: ExecutionContext,
  { from, leader, network }: Extract<SourceAction, { kind: 'record-source' }>,
  seen: ObservedSource | null,
): Promise<void> {
  const sinceMs = nowMs()
  await saveMemory(memory => ({ ...memory, source: { from, leader, phase: 'followed', network, sinceMs } }))
  events.publish('source.followed', { node: leader, source: seen?.displayName ?? '' })
}

/** As whom the node logs in to whom it follows; null: as nobody. */
async function setMasterLogin(
  { redis }: ExecutionContext,
  node: NodeTarget,
  login: SourceLogin | null,
): Promise<void> {
  const options = { masteruser: login?.user ?? '', masterauth: login?.password.reveal() ?? '' }
  await redis.setConfig(node, options, { deadlineMs: commandDeadlineMs })
}

function reachable({ template, sourceLogin }: ExecutionContext, seen: ObservedSource | null): NodeTarget {
  const target = seen === null ? null : sourceTarget(template.spec.name, seen, sourceLogin)
  if (target === null) throw new FlotillaError('redis/unreachable', "the source can't be reached from here")
  return target
}

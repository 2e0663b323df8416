import { FlotillaError } from '../../errors.js'
import { replicationUser } from '../../redis/acl-user.js'
import type { NodeTarget, SourceLogin } from '../../redis/redis.js'
import { masterLinkAlias, redisPort } from '../names.js'
import type { SourceSeen } from '../observation.js'
import { sourceTarget } from '../observe/source.js'
import { nobody, type Action } from '../plan/plan.js'
import { awaitOffset } from './await-offset.js'
import type { Hands } from './hands.js'

const kinds = [
  'record-source',
  'follow-source',
  'pause-source',
  'catch-up-source',
  'fence-source',
  'unfence-source',
  'resume-source',
  'drop-source-clients',
  'own-login',
] as const

/** What is done about a Redis of somebody else: writing down that it is followed, following it, and taking over from it. */
export type SourceAction = Extract<Action, { readonly kind: (typeof kinds)[number] }>

export function isSourceAction(action: Action): action is SourceAction {
  return kinds.some(kind => kind === action.kind)
}

/** A node that was started a moment ago has this long to answer its first order. */
const orderDeadlineMs = 10_000

/** A step of a take-over, while writes wait. */
const stepDeadlineMs = 1_000

/** `targetOf` finds a node of ours, as it is after the stages before. */
export async function performSource(
  hands: Hands,
  action: SourceAction,
  world: {
    readonly source: SourceSeen | null
    readonly targetOf: (ordinal: number) => NodeTarget
  },
): Promise<void> {
  const { redis } = hands
  const source = (): NodeTarget => reachable(hands, world.source)
  const step = { deadlineMs: stepDeadlineMs }
  switch (action.kind) {
    case 'record-source':
      return recordSource(hands, action, world.source)
    case 'follow-source': {
      const leader = world.targetOf(action.ordinal)
      await logIn(hands, leader, hands.sourceLogin)
      // Always nudged: it may be waiting for an address that was another's.
      const nudge = { host: masterLinkAlias, port: redisPort }
      return redis.follow(leader, action.upstream, { deadlineMs: orderDeadlineMs, nudge })
    }
    case 'own-login':
      return logIn(hands, world.targetOf(action.ordinal), {
        user: replicationUser,
        password: hands.auth.credentials.replication,
      })
    case 'pause-source':
      return redis.pauseWrites(source(), { forMs: action.forMs, ...step })
    case 'catch-up-source': {
      const [replica, master] = [world.targetOf(action.ordinal), source()]
      return awaitOffset(hands, { replica, master, withinMs: action.withinMs })
    }
    case 'fence-source':
      return redis.follow(source(), nobody, step)
    case 'unfence-source':
      return redis.promote(source(), step)
    case 'resume-source':
      return redis.resumeWrites(source(), step)
    case 'drop-source-clients':
      await redis.dropClients(source(), step)
      return
  }
}

async function recordSource(
  { saveMemory, nowMs, events }: Hands,
  { from, leader, network }: Extract<SourceAction, { kind: 'record-source' }>,
  seen: SourceSeen | null,
): Promise<void> {
  const sinceMs = nowMs()
  await saveMemory(memory => ({ ...memory, source: { from, leader, phase: 'followed', network, sinceMs } }))
  events.publish('source.followed', { node: leader, source: seen?.called ?? '' })
}

/** As whom the node logs in to whom it follows; null: as nobody. */
async function logIn({ redis }: Hands, node: NodeTarget, login: SourceLogin | null): Promise<void> {
  const options = { masteruser: login?.user ?? '', masterauth: login?.password.reveal() ?? '' }
  await redis.setConfig(node, options, { deadlineMs: orderDeadlineMs })
}

function reachable({ setting, sourceLogin }: Hands, seen: SourceSeen | null): NodeTarget {
  const target = seen === null ? null : sourceTarget(setting.spec.name, seen, sourceLogin)
  if (target === null) throw new FlotillaError('redis/unreachable', "the source can't be reached from here")
  return target
}

import type { TransportFacts } from '../../redis/redis.js'
import { isInForce } from '../../tls/sight.js'
import type { ClassifiedNode } from './classify.js'
import { factsOf } from './classify.js'
import { factsOfNode } from '../node-facts.js'
import type { PlanInput } from './input.js'
import type { Action, Plan } from './plan.js'

/** How a node says that it is connected; null while it says nothing. */
export function transportOf(node: ClassifiedNode): TransportFacts | null {
  return factsOf(node)?.transport ?? null
}

/**
 * Says of each link that a plan makes whether it is encrypted. A replica is told to go where its master listens; where that listens in both ways, as the spec asks.
 * Done to the whole plan, because whoever decides that a node is to follow needs not know. Where TLS was never asked for nothing is said.
 */
export function encryptLinks(plan: Plan, input: PlanInput): Plan {
  if (input.tls === null || !isInForce(input.tls)) return plan
  const stages = plan.stages.map(stage =>
    stage.map((action): Action =>
      action.kind === 'follow' && mayEncrypt(input, action.ordinal)
        ? { ...action, encrypted: isEncrypted(plan, input, action) }
        : action,
    ),
  )
  return { ...plan, stages }
}

/** One that was built without TLS doesn't know the option either that says not to use it. */
function mayEncrypt(input: PlanInput, ordinal: number): boolean {
  const seen = input.seen.nodes.find(node => node.ordinal === ordinal)
  return seen === undefined || factsOfNode(seen)?.transport?.tlsPort !== null
}

function isEncrypted(
  plan: Plan,
  input: PlanInput,
  { ordinal, master }: { readonly ordinal: number; readonly master: number },
): boolean {
  const upstream = listening(plan, input, master)
  if (!upstream.plain || !upstream.encrypted) return upstream.encrypted
  return isWished(input) && listening(plan, input, ordinal).encrypted
}

/** As it says, or as it will be once this plan has started it. */
function listening(
  plan: Plan,
  input: PlanInput,
  ordinal: number,
): { readonly plain: boolean; readonly encrypted: boolean } {
  const seen = input.seen.nodes.find(node => node.ordinal === ordinal)
  const transport = seen === undefined ? undefined : factsOfNode(seen)?.transport
  const actions = plan.stages.flat()
  const does = (kind: Action['kind']): boolean =>
    actions.some(action => action.kind === kind && 'ordinal' in action && action.ordinal === ordinal)
  if (transport === undefined || does('start-container'))
    return { plain: input.tls?.mode !== 'require' || !isWished(input), encrypted: isWished(input) }
  return {
    plain: transport.plainPort !== 0,
    encrypted: (transport.tlsPort !== null && transport.tlsPort !== 0) || does('load-certificate'),
  }
}

function isWished({ tls }: PlanInput): boolean {
  return tls !== null && tls.mode !== 'off' && isInForce(tls)
}

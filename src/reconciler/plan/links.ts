import type { TransportFacts } from '../../redis/redis.js'
import { isInForce, type TlsSight } from '../../tls/sight.js'
import type { ClassifiedNode } from './classify.js'
import { factsOf } from './classify.js'
import { factsOfNode } from '../node-facts.js'
import type { NodeSeen } from '../observation.js'
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
export function encryptLinks(plan: Plan, { tls, seen }: PlanInput): Plan {
  if (tls === null || !isInForce(tls)) return plan
  const links: Links = { actions: plan.stages.flat(), nodes: seen.nodes, mode: tls.mode }
  const stages = plan.stages.map(stage =>
    stage.map((action): Action =>
      action.kind === 'follow' && mayEncrypt(links, action.ordinal)
        ? { ...action, encrypted: isEncrypted(links, action) }
        : action,
    ),
  )
  return { ...plan, stages }
}

interface Links {
  readonly actions: readonly Action[]
  readonly nodes: readonly NodeSeen[]
  readonly mode: TlsSight['mode']
}

/** One that was built without TLS doesn't know the option either that says not to use it. */
function mayEncrypt(links: Links, ordinal: number): boolean {
  return connectionsOf(links, ordinal)?.tlsPort !== null
}

function isEncrypted(
  links: Links,
  { ordinal, master }: { readonly ordinal: number; readonly master: number },
): boolean {
  const upstream = listening(links, master)
  if (!upstream.plain || !upstream.encrypted) return upstream.encrypted
  return links.mode !== 'off' && listening(links, ordinal).encrypted
}

/** As it says, or as it will be once this plan has started it. */
function listening(links: Links, ordinal: number): { readonly plain: boolean; readonly encrypted: boolean } {
  const transport = connectionsOf(links, ordinal)
  const does = (kind: Action['kind']): boolean =>
    links.actions.some(action => action.kind === kind && 'ordinal' in action && action.ordinal === ordinal)
  if (transport === undefined || does('start-container'))
    return { plain: links.mode !== 'require', encrypted: links.mode !== 'off' }
  return {
    plain: transport.plainPort !== 0,
    encrypted: (transport.tlsPort !== null && transport.tlsPort !== 0) || does('load-certificate'),
  }
}

/** Undefined while it says nothing. */
function connectionsOf({ nodes }: Links, ordinal: number): TransportFacts | undefined {
  const seen = nodes.find(node => node.ordinal === ordinal)
  return seen === undefined ? undefined : factsOfNode(seen)?.transport
}

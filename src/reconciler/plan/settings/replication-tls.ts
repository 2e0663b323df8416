import { hasCertificates } from '../../../tls/tls-view.js'
import type { Member } from '../members/classify.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { ObservedNode } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Action, Plan } from '../../../model/plan.js'
import type { TransportFacts } from '../../../model/redis.js'
import type { TlsView } from '../../../model/tls-view.js'

/** How a node says that it is connected; null while it says nothing. */
export function transportOf(node: Member): TransportFacts | null {
  return node.facts?.transport ?? null
}

/**
 * Says of each link that a plan makes whether it is encrypted. A replica is told to go where its master
 * listens; where that listens in both ways, as the spec asks. Done to the whole plan, because whoever decides
 * that a node is to follow needs not know. Where TLS was never asked for nothing is said.
 */
export function encryptReplication(plan: Plan, { tls, seen }: PlanInput): Plan {
  if (tls === null || !hasCertificates(tls)) return plan
  const context: TransportContext = { actions: plan.stages.flat(), nodes: seen.nodes, mode: tls.mode }
  const stages = plan.stages.map(stage =>
    stage.map((action): Action =>
      action.kind === 'follow' && supportsTls(context, action.ordinal)
        ? { ...action, encrypted: isEncrypted(context, action) }
        : action,
    ),
  )
  return { ...plan, stages }
}

interface TransportContext {
  readonly actions: readonly Action[]
  readonly nodes: readonly ObservedNode[]
  readonly mode: TlsView['mode']
}

/** One that was built without TLS doesn't know the option either that says not to use it. */
function supportsTls(context: TransportContext, ordinal: number): boolean {
  return transportIn(context, ordinal)?.tlsPort !== null
}

function isEncrypted(
  context: TransportContext,
  { ordinal, master }: { readonly ordinal: number; readonly master: number },
): boolean {
  const upstream = portsOf(context, master)
  if (!upstream.plain || !upstream.encrypted) return upstream.encrypted
  return context.mode !== 'off' && portsOf(context, ordinal).encrypted
}

/** As it says, or as it will be once this plan has started it. */
function portsOf(
  context: TransportContext,
  ordinal: number,
): { readonly plain: boolean; readonly encrypted: boolean } {
  const transport = transportIn(context, ordinal)
  const does = (kind: Action['kind']): boolean =>
    context.actions.some(action => action.kind === kind && 'ordinal' in action && action.ordinal === ordinal)
  if (transport === undefined || does('start-container'))
    return { plain: context.mode !== 'require', encrypted: context.mode !== 'off' }
  return {
    plain: transport.plainPort !== 0,
    encrypted: (transport.tlsPort !== null && transport.tlsPort !== 0) || does('load-certificate'),
  }
}

/** Undefined while it says nothing. */
function transportIn({ nodes }: TransportContext, ordinal: number): TransportFacts | undefined {
  const seen = nodes.find(node => node.ordinal === ordinal)
  return seen === undefined ? undefined : factsOfNode(seen)?.transport
}

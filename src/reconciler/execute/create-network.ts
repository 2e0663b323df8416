import { flotillaLabels } from '../desired/desired-node.js'
import type { Action } from '../../model/plan.js'
import type { ExecutionContext } from './execution-context.js'

/** Who runs in a container joins it at once: the nodes that the same plan starts are to be promoted in it. */
export async function createFlotillaNetwork(
  { runtime, ownNetworks, template, signal }: ExecutionContext,
  { network, subnet }: Extract<Action, { kind: 'create-network' }>,
): Promise<void> {
  await runtime.createNetwork({ name: network, subnet, labels: flotillaLabels(template) }, { signal })
  const made = await runtime.findNetwork(network, { signal })
  if (made !== null) await ownNetworks.join(made)
}

import { flotillaLabels } from '../desired-node.js'
import type { Action } from '../plan/plan.js'
import type { Hands } from './hands.js'

/** Who runs in a container joins it at once: the nodes that the same plan starts are to be promoted in it. */
export async function makeNetwork(
  { runtime, ownNetworks, setting, signal }: Hands,
  { network, subnet }: Extract<Action, { kind: 'create-network' }>,
): Promise<void> {
  await runtime.createNetwork({ name: network, subnet, labels: flotillaLabels(setting) }, { signal })
  const made = await runtime.findNetwork(network, { signal })
  if (made !== null) await ownNetworks.join(made)
}

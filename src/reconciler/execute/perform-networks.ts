import type { NetworkAction } from '../../model/actions/networks.js'
import type { ActionOf } from '../../model/plan.js'
import { attachmentTo, flotillaLabels, nodeAttachment } from '../desired/desired-node.js'
import type { Execution } from './execution.js'
import type { Performers } from './performer.js'

export const networkPerformers: Performers<NetworkAction['kind']> = {
  'create-network': createNetwork,
  'reattach-network': reattachNetwork,
  'connect-network': (execution, action) => {
    const { runtime, template, signal } = execution.context
    const attachment = attachmentTo(template.spec.name, action)
    return runtime.attachNetwork(execution.idOf(action.ordinal), attachment, { signal })
  },
  'disconnect-network': (execution, { ordinal, network }) => {
    const { runtime, signal } = execution.context
    return runtime.detachNetwork(execution.idOf(ordinal), network, { signal })
  },
  'remove-network': ({ context: { runtime, signal } }, { network }) =>
    runtime.removeNetwork(network, { signal }),
}

/** Who runs in a container joins it at once: the nodes that the same plan starts are to be promoted in it. */
async function createNetwork(
  { context: { runtime, ownNetworks, template, signal } }: Execution,
  { network, subnet }: ActionOf<'create-network'>,
): Promise<void> {
  await runtime.createNetwork({ name: network, subnet, labels: flotillaLabels(template) }, { signal })
  const created = await runtime.findNetwork(network, { signal })
  if (created !== null) await ownNetworks.join(created)
}

/** It gets another address. */
async function reattachNetwork(
  execution: Execution,
  { ordinal }: ActionOf<'reattach-network'>,
): Promise<void> {
  const { runtime, template, signal } = execution.context
  const containerId = execution.idOf(ordinal)
  await runtime.attachNetwork(containerId, nodeAttachment(template.spec.name, ordinal), { signal })
  const facts = await runtime.inspectContainer(containerId, { signal })
  if (facts !== null) execution.recordContainer(facts, ordinal)
}

import { stopSeconds } from '../desired/desired-node.js'
import type { EventSink } from '../../events/catalogue.js'
import {
  flotillaLabel,
  readGatewayLabels,
  readNodeLabels,
  probeLabel,
  restoredLabel,
} from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { StateStore } from '../../state/state-store.js'
import { execute } from '../execute/execute.js'
import { networkName } from '../../model/names.js'
import type { OwnNetworks } from '../observe/own-networks.js'
import type { Action } from '../../model/plan.js'
import { planTeardown, type OwnedResources } from '../plan/nodes/teardown.js'

/** What carries the labels of a flotilla, and nothing else. Asks no Redis anything. */
export async function findOwnedResources(runtime: Runtime, flotilla: string): Promise<OwnedResources> {
  const [containers, network, volumes] = await Promise.all([
    runtime.listContainers(),
    runtime.findNetwork(networkName(flotilla)),
    runtime.listVolumes(),
  ])
  return {
    flotilla,
    leftovers: containers.flatMap(({ labels, name, containerId }) =>
      labels[flotillaLabel] === flotilla &&
      (labels[probeLabel] !== undefined || labels[restoredLabel] !== undefined)
        ? [{ name, containerId }]
        : [],
    ),
    gateways: containers.filter(({ labels }) => readGatewayLabels(labels) === flotilla),
    containers: containers.flatMap(({ labels, name, state }) => {
      const node = readNodeLabels(labels)
      return node?.flotilla === flotilla ? [{ ordinal: node.ordinal, name, state }] : []
    }),
    hasNetwork: network?.labels[flotillaLabel] === flotilla,
    volumes: volumes.flatMap(({ labels, name }) =>
      labels[flotillaLabel] === flotilla
        ? [{ ordinal: readNodeLabels(labels)?.ordinal ?? -1, volume: name }]
        : [],
    ),
  }
}

export interface RemovalTools {
  readonly runtime: Runtime
  readonly ownNetworks: OwnNetworks
  readonly store: StateStore
  readonly events: EventSink
}

/**
 * Takes away what carries this flotilla's labels; its memory and secrets go only with the data that they
 * speak of and open.
 * @throws FlotillaError of the first action that failed; doing it again goes on from there.
 */
export async function removeFlotilla(
  tools: RemovalTools,
  request: { readonly flotilla: string; readonly removeVolumes: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { runtime, ownNetworks, store, events } = tools
  const { flotilla, removeVolumes, signal } = request
  const spec = (await store.peekMemory(flotilla))?.spec ?? null
  const graceMs = stopSeconds(spec) * 1_000
  const plan = planTeardown(await findOwnedResources(runtime, flotilla), { removeVolumes })
  const result = await execute(plan, {
    isPreempted: () => signal.aborted,
    async perform(action) {
      if (action.kind === 'remove-network') await ownNetworks.leave(action.network)
      await removeResource(runtime, action, { graceMs, signal })
    },
  })
  if (result.kind === 'failed') throw result.failures[0].error
  if (result.kind === 'preempted') return
  if (removeVolumes) await store.forget(flotilla, { includeSecrets: true })
  else await recordRemoval(store, flotilla)
  events.publish('flotilla.removed', { volumesKept: !removeVolumes }, { flotilla })
}

/** Who was master and how far it had come outlives the containers: the volumes do too. */
async function recordRemoval(store: StateStore, flotilla: string): Promise<void> {
  const memory = await store.peekMemory(flotilla)
  if (memory !== null)
    await store.saveMemory({ ...memory, spec: null, manifestMissing: null, everReady: false })
}

async function removeResource(
  runtime: Runtime,
  action: Action,
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<void> {
  switch (action.kind) {
    case 'stop-container':
      return runtime.stopContainer(action.name, { graceMs }, { signal })
    case 'stop-gateway':
      return runtime.stopContainer(action.name, { graceMs: 2_000 }, { signal })
    case 'remove-gateway':
    case 'remove-container':
      return runtime.removeContainer(action.name, { signal })
    case 'remove-leftover':
      return runtime.removeContainer(action.containerId, { signal })
    case 'remove-network':
      return runtime.removeNetwork(action.network, { signal })
    case 'remove-volume':
      return runtime.removeVolume(action.volume, { signal })
    default:
      throw new Error(`${action.kind} has no place in a removal`)
  }
}

import type { ContainerAction } from '../../model/actions/containers.js'
import type { ActionOf } from '../../model/plan.js'
import { withPersistence } from '../../model/record.js'
import { desiredContainer, desiredVolume, nodeFiles } from '../desired/desired-node.js'
import { persistenceOnDisk } from '../desired/persistence.js'
import { recordStart } from './apply-users.js'
import { withoutVolumeToRemove, withVolumeToRemove } from './memory-updates.js'
import { archiveData } from './archive-data.js'
import { chownDataForServer } from './chown-data.js'
import type { Execution } from './execution.js'
import { recordGiven, writeNodeFiles } from './node-files.js'
import type { Performers } from './performer.js'
import { createServerContainer, requireImage } from './server-user.js'
import { killNode, stopNode } from './stop-node.js'
import { refreshCertificate } from './transport.js'

export const containerPerformers: Performers<ContainerAction['kind']> = {
  'create-volume': ({ context: { runtime, template, signal } }, { ordinal, volume }) =>
    runtime.createVolume({ ...desiredVolume(template, ordinal), name: volume }, { signal }),
  'create-container': createContainer,
  'start-container': startContainer,
  'stop-container': (execution, { ordinal }) =>
    stopNode(execution.context, ordinal, execution.containerOf(ordinal)),
  'kill-container': (execution, { ordinal }) =>
    killNode(execution.context, ordinal, {
      container: execution.containerOf(ordinal),
      target: execution.targetIfAny(ordinal),
    }),
  'remove-container': removeContainer,
  'rename-container': (execution, { ordinal, to }) => {
    const { runtime, signal } = execution.context
    return runtime.renameContainer(execution.idOf(ordinal), to, { signal })
  },
  'archive-data': archiveNodeData,
  'remove-volume': async ({ context: { runtime, setMemory, signal } }, { ordinal, volume }) => {
    await runtime.removeVolume(volume, { signal })
    setMemory(memory => withoutVolumeToRemove(memory, ordinal))
  },
}

async function createContainer(
  execution: Execution,
  { ordinal, image: imageId, name, volume }: ActionOf<'create-container'>,
): Promise<void> {
  const { context } = execution
  const { runtime, template, auth, signal } = context
  const image = await (imageId === undefined ? execution.wantedImage() : requireImage(context, imageId))
  const bundle = await context.certificateFor(ordinal)
  // On a volume that is there already: as the data on it was kept, or it would come up empty.
  const persistence = persistenceOnDisk(template.spec, context.persistenceOf(ordinal))
  const containerId = await createServerContainer(
    runtime,
    {
      spec: desiredContainer(template, ordinal, { name, volume, image, byId: imageId !== undefined }),
      image,
      filesFor: owner => nodeFiles(template, ordinal, { auth, bundle, persistence }, owner),
    },
    signal,
  )
  await chownDataForServer(context, { ordinal, containerId, image })
  execution.recordCreated(ordinal, containerId)
  recordGiven(context, ordinal, { containerId, isNew: true })
  context.setMemory(memory =>
    withPersistence(withoutVolumeToRemove(memory, ordinal), ordinal, { current: persistence, pending: null }),
  )
}

async function startContainer(execution: Execution, { ordinal }: ActionOf<'start-container'>): Promise<void> {
  const { context } = execution
  const container = execution.formerContainerOf(ordinal)
  if (container !== undefined) {
    // Whoever made one that never ran may have died before its files were in it.
    if (container.startedAtMs === null) await writeNodeFiles(context, ordinal, container)
    else await refreshCertificate(context, ordinal, container)
  }
  const { runtime, signal } = context
  const facts = await runtime.startContainer(execution.idOf(ordinal), { signal })
  execution.recordContainer(facts, ordinal)
  recordStart(context, ordinal, facts)
}

async function removeContainer(
  execution: Execution,
  { ordinal, name, volume }: ActionOf<'remove-container'>,
): Promise<void> {
  const { runtime, events, saveMemory, signal } = execution.context
  if (volume !== undefined) await saveMemory(memory => withVolumeToRemove(memory, { ordinal, volume }))
  const wasDead = execution.formerContainerOf(ordinal)?.state === 'dead'
  await runtime.removeContainer(execution.idOf(ordinal), { signal })
  execution.recordRemoved(ordinal)
  if (wasDead) events.publish('node.dead-container-removed', { node: ordinal, name })
}

async function archiveNodeData(execution: Execution, action: ActionOf<'archive-data'>): Promise<void> {
  const { ordinal, folder } = action
  const { saveMemory, events } = execution.context
  await endStartUnderWay(execution, ordinal)
  await archiveData(execution.context, action)
  await saveMemory(memory => ({
    ...memory,
    divergent: memory.divergent.filter(one => one !== ordinal),
  }))
  events.publish('data.archived', { node: ordinal, folder: `/data/set-aside/${folder}` })
}

/**
 * A Flotilla that has died, or given up waiting, may have ordered a start that the engine is still about:
 * what a server reads would be moved away under it. The engine lets a stop wait for that.
 */
async function endStartUnderWay(execution: Execution, ordinal: number): Promise<void> {
  const container = execution.formerContainerOf(ordinal)
  if (container === undefined || container.state === 'running') return
  const { runtime, signal } = execution.context
  await runtime.stopContainer(container.containerId, { graceMs: 0 }, { signal })
}

import type { KeepingSpec } from '../../manifest/spec.js'
import type { ContainerFacts, Runtime } from '../../runtime/runtime.js'
import type { NodeMaterial } from '../../tls/material.js'
import type { NodeAuth } from '../auth/node-auth.js'
import { nodeFiles, type NodeSetting } from '../desired-node.js'
import { withNodeRecord, type FlotillaMemory } from '../memory.js'
import { filesGiven } from '../plan/given.js'
import { keepingOnDisk } from '../keeping.js'
import { filedAs } from '../tuned-to.js'
import { findServerUser } from './server-user.js'

/** Part of what the hands have. */
export interface FileMeans {
  readonly runtime: Runtime
  readonly setting: NodeSetting
  readonly auth: NodeAuth
  readonly materialFor: (ordinal: number) => Promise<NodeMaterial | null>
  /** How a node is known to keep its data; null where nobody knows. */
  readonly keepsOf: (ordinal: number) => KeepingSpec | null
  readonly signal: AbortSignal
  readonly keepMemory: (change: (memory: FlotillaMemory) => FlotillaMemory) => void
}

/** Brings the files of a container that is there up to date, for its next start. @returns the certificate that is among them. */
export async function putNodeFiles(
  means: FileMeans,
  ordinal: number,
  { containerId, imageId }: ContainerFacts,
  keeps = keepingOnDisk(means.setting.spec, means.keepsOf(ordinal)),
): Promise<NodeMaterial | null> {
  const { runtime, setting, auth, materialFor, signal } = means
  // Of the image that it was made from, which need not be today's.
  const image = await runtime.findImage(imageId, { signal })
  const material = await materialFor(ordinal)
  const owner = await findServerUser(runtime, { containerId, image: image ?? { user: '' } }, signal)
  const files = nodeFiles(setting, ordinal, { auth, material, keeps }, owner)
  await runtime.putFiles(containerId, files, { signal })
  noteFiles(means, ordinal, containerId)
  return material
}

/** What its next start reads. */
export function noteFiles(
  { keepMemory, auth, setting }: Pick<FileMeans, 'keepMemory' | 'auth' | 'setting'>,
  ordinal: number,
  containerId: string,
): void {
  const files = filesGiven({ containerId }, auth.digest)
  keepMemory(memory =>
    withNodeRecord(memory, ordinal, record => ({
      ...record,
      filed: filedAs(containerId, setting),
      given: { ...record.given, files },
    })),
  )
}

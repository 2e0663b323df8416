import type { PersistenceSettings } from '../../model/spec.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { CertificateBundle } from '../../tls/certificate-bundle.js'
import type { NodeAuth } from '../auth/node-auth.js'
import { nodeFiles, type NodeTemplate } from '../desired/desired-node.js'
import { withApplied, type FlotillaMemory } from '../../model/record.js'
import { persistenceOnDisk } from '../desired/persistence.js'
import { appliedToContainer } from '../plan/settings/settings.js'
import { findServerUser } from './server-user.js'
import type { ContainerFacts } from '../../model/engine.js'

/** Part of what the hands have. */
export interface NodeFilesContext {
  readonly runtime: Runtime
  readonly template: NodeTemplate
  readonly auth: NodeAuth
  readonly certificateFor: (ordinal: number) => Promise<CertificateBundle | null>
  /** How a node is known to keep its data; null where nobody knows. */
  readonly persistenceOf: (ordinal: number) => PersistenceSettings | null
  readonly signal: AbortSignal
  readonly setMemory: (change: (memory: FlotillaMemory) => FlotillaMemory) => void
}

/**
 * Brings the files of a container that is there up to date, for its next start. @returns the certificate that
 * is among them.
 */
export async function writeNodeFiles(
  context: NodeFilesContext,
  ordinal: number,
  { containerId, imageId }: ContainerFacts,
  persistence = persistenceOnDisk(context.template.spec, context.persistenceOf(ordinal)),
): Promise<CertificateBundle | null> {
  const { runtime, template, auth, certificateFor, signal } = context
  // Of the image that it was made from, which need not be today's.
  const image = await runtime.findImage(imageId, { signal })
  const bundle = await certificateFor(ordinal)
  const owner = await findServerUser(runtime, { containerId, image: image ?? { user: '' } }, signal)
  const files = nodeFiles(template, ordinal, { auth, bundle, persistence }, owner)
  await runtime.putFiles(containerId, files, { signal })
  recordGiven(context, ordinal, { containerId, isNew: false })
  return bundle
}

/** Writes down what a container was given, by its files and, where it was just made, by being made. */
export function recordGiven(
  { setMemory, auth, template }: Pick<NodeFilesContext, 'setMemory' | 'auth' | 'template'>,
  ordinal: number,
  { containerId, isNew }: { readonly containerId: string; readonly isNew: boolean },
): void {
  const given = { containerId, spec: template.spec, config: template.config, authDigest: auth.digest }
  setMemory(memory => withApplied(memory, ordinal, appliedToContainer(given, { isNew })))
}

import { systemClock } from '../../clock.js'
import { readDesired } from '../../session/manifest-source.js'
import { FlotillaError } from '../../errors.js'
import type { DesiredFlotilla } from '../../manifest/desired-state.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import { listArchives } from '../../reconciler/execute/archive-folders.js'
import { readNodeLabels } from '../../runtime/labels.js'
import { statusNow } from '../observe-once.js'
import type { Session } from '../../session/session.js'
import type { GcInput, DeclaredFlotilla, NodeArchives } from './garbage.js'
import type { ContainerFacts } from '../../model/engine.js'

/** Each question to the engine has a deadline of its own; this bounds them all. */
const gatherMs = 60_000

/**
 * Looks at everything of ours.
 * @throws FlotillaError manifest/… when the manifests are not all in order: then nobody knows what is wanted.
 */
export async function gatherGcInput(session: Session, manifests: string): Promise<GcInput> {
  const { runtime, store } = session
  const { desired, load } = await readDesired(manifests, store)
  if (load.kind !== 'loaded' || desired.diagnostics.length > 0)
    throw new FlotillaError(
      load.kind === 'loaded' ? 'manifest/invalid' : 'manifest/unreadable',
      `while the manifests are not in order nobody knows what is wanted, so nothing is known to be unwanted:\n  ${desired.diagnostics.map(renderDiagnostic).join('\n  ')}`,
      { hint: `Put them right, and see: flotilla validate ${manifests}` },
    )
  const signal = AbortSignal.timeout(gatherMs)
  const [containers, volumes, networks, folded, declared] = await Promise.all([
    runtime.listContainers({ signal }),
    runtime.listVolumes({ signal }),
    runtime.listNetworks({ signal }),
    store.knownFlotillas(),
    Promise.all([...desired.flotillas.values()].map(one => describeFlotilla(session, one))),
  ])
  const names = declared.map(({ name }) => name)
  return {
    nowMs: systemClock.nowMs(),
    declared,
    folded,
    containers,
    volumes,
    networks,
    nodeArchives: await findArchives(session, containers, { names, signal }),
  }
}

async function describeFlotilla(session: Session, { spec }: DesiredFlotilla): Promise<DeclaredFlotilla> {
  const status = await statusNow(session, spec)
  const memory = await session.store.peekMemory(spec.name)
  return {
    name: spec.name,
    persistence: spec.persistence,
    // Whose volume the record speaks of is wanted too, whatever has become of its container.
    ordinals: [
      ...status.nodes.map(node => node.ordinal),
      ...(memory?.divergent ?? []),
      ...(memory?.master ? [memory.master.ordinal] : []),
    ],
    notReadyReason: status.phase === 'Ready' ? null : `is ${status.phase}: ${status.reason}`,
  }
}

async function findArchives(
  { runtime, store }: Session,
  containers: readonly ContainerFacts[],
  { names, signal }: { readonly names: readonly string[]; readonly signal: AbortSignal },
): Promise<readonly NodeArchives[]> {
  const nodes = containers.flatMap(container => {
    const node = readNodeLabels(container.labels)
    if (node === null || !names.includes(node.flotilla) || container.state !== 'running') return []
    return [{ ...node, containerId: container.containerId }]
  })
  const epochOf = async (flotilla: string): Promise<number> => (await store.peekMemory(flotilla))?.epoch ?? 0
  return Promise.all(
    nodes.map(async node => ({
      ...node,
      // One that has ended meanwhile has nothing to say, and loses nothing.
      archives: await listArchives(runtime, { ...node, epoch: await epochOf(node.flotilla) }, signal).catch(
        () => [],
      ),
    })),
  )
}

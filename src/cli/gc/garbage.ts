import { readGatewayLabels, readNodeLabels, flotillaLabel } from '../../runtime/labels.js'
import { findExpired, type Archive } from '../../reconciler/execute/archive-retention.js'
import { dataPath, networkName, newVolumeName, type VolumeNaming } from '../../model/names.js'
import type { ContainerFacts, NetworkFacts, VolumeFacts } from '../../model/engine.js'

/** All that is needed to say what nobody wants, gathered at one moment. */
export interface GcInput {
  readonly nowMs: number
  /** What the manifests declare, all of them in order. */
  readonly declared: readonly DeclaredFlotilla[]
  /**
   * What this state directory remembers, declared or not. Flotillas that it doesn't know are another
   * Flotilla's, and none of our business.
   */
  readonly folded: readonly string[]
  /** Every container of the engine, ours or not. */
  readonly containers: readonly ContainerFacts[]
  /** With our labels. */
  readonly volumes: readonly VolumeFacts[]
  readonly networks: readonly NetworkFacts[]
  readonly nodeArchives: readonly NodeArchives[]
}

export interface DeclaredFlotilla extends VolumeNaming {
  /** The nodes that it is to have, running or not. */
  readonly ordinals: readonly number[]
  /** Null when it is Ready; otherwise what it is, and then each copy of its data may be the last. */
  readonly notReadyReason: string | null
}

export interface NodeArchives {
  readonly flotilla: string
  readonly ordinal: number
  readonly containerId: string
  readonly archives: readonly Archive[]
}

/** Something of ours that nobody wants. */
export type Garbage = {
  readonly flotilla: string
  /** Why nobody wants it. */
  readonly reason: string
  /** When it was made; null where that is not known. */
  readonly sinceMs: number | null
  /** Null where asking would cost too much. */
  readonly sizeBytes: number | null
} & (
  | { readonly kind: 'volume'; readonly name: string }
  | { readonly kind: 'network'; readonly name: string }
  | { readonly kind: 'gateway'; readonly name: string; readonly containerId: string }
  | {
      readonly kind: 'archive'
      readonly name: string
      readonly containerId: string
      readonly folder: string
    }
)

/** Something that nobody wants either, and that is not for `gc` to take. */
export interface Kept {
  readonly kind: 'kept'
  readonly name: string
  readonly reason: string
}

export interface GcResult {
  readonly unwanted: readonly Garbage[]
  readonly kept: readonly Kept[]
}

/**
 * What nobody wants. A reason to keep something always wins; what is not ours, or another Flotilla's, is not
 * even looked at.
 */
export function findGarbage(all: GcInput): GcResult {
  const found = [
    ...all.volumes.map(volume => classifyVolume(all, volume)),
    ...all.containers.map(container => classifyGateway(all, container)),
    ...all.networks.map(network => classifyNetwork(all, network)),
    ...all.nodeArchives.flatMap(node => classifyArchives(all, node)),
  ].filter(verdict => verdict !== null)
  return {
    unwanted: found.filter(verdict => verdict.kind !== 'kept'),
    kept: found.filter(verdict => verdict.kind === 'kept'),
  }
}

function classifyVolume(all: GcInput, volume: VolumeFacts): Garbage | Kept | null {
  const { name, createdAtMs } = volume
  const node = readNodeLabels(volume.labels)
  const flotilla = volume.labels[flotillaLabel]
  if (flotilla === undefined || !isOurs(all, flotilla)) return null
  const keep = (reason: string): Kept => ({ kind: 'kept', name: `volume ${name}`, reason })
  const home = all.declared.find(one => one.name === flotilla)
  if (home === undefined)
    return keep(
      `no manifest declares ${flotilla} any more, so it may be the last copy of its data; to remove it: flotilla down ${flotilla} --volumes`,
    )
  // Made under our labels by somebody else, or under another template: who knows what for.
  if (node === null || name !== newVolumeName(home, node.ordinal))
    return keep('it is not called as a node’s volume is')
  if (home.ordinals.includes(node.ordinal)) return null
  const user = all.containers.find(container => container.mounts.some(one => one.volume === name))
  if (user !== undefined) return keep(`the container ${user.name} uses it`)
  if (home.notReadyReason !== null)
    return keep(
      `${flotilla} ${home.notReadyReason}, and until it is Ready each copy of its data may be the last`,
    )
  return {
    kind: 'volume',
    name,
    flotilla,
    reason: `${flotilla} has no node ${node.ordinal} any more`,
    sinceMs: createdAtMs,
    sizeBytes: null,
  }
}

/** It holds nothing; where nodes run on without a manifest, clients may still come through it. */
function classifyGateway(all: GcInput, container: ContainerFacts): Garbage | Kept | null {
  const { name, containerId, createdAtMs } = container
  const flotilla = readGatewayLabels(container.labels)
  if (flotilla === null || !isOurs(all, flotilla)) return null
  if (all.declared.some(one => one.name === flotilla)) return null
  const node = all.containers.find(({ labels }) => readNodeLabels(labels)?.flotilla === flotilla)
  if (node !== undefined)
    return { kind: 'kept', name: `gateway ${name}`, reason: `clients of ${node.name} may come through it` }
  const reason = `no manifest declares ${flotilla}, and it has no node`
  return { kind: 'gateway', name, containerId, flotilla, reason, sinceMs: createdAtMs, sizeBytes: null }
}

function classifyNetwork(all: GcInput, network: NetworkFacts): Garbage | Kept | null {
  const { name, labels } = network
  const flotilla = labels[flotillaLabel]
  if (flotilla === undefined || !isOurs(all, flotilla) || name !== networkName(flotilla)) return null
  if (all.declared.some(one => one.name === flotilla)) return null
  const user = all.containers.find(
    container =>
      container.labels[flotillaLabel] === flotilla || container.networks.some(one => one.network === name),
  )
  if (user !== undefined)
    return { kind: 'kept', name: `network ${name}`, reason: `the container ${user.name} uses it` }
  const reason = `no manifest declares ${flotilla}, and it has no container`
  return { kind: 'network', name, flotilla, reason, sinceMs: null, sizeBytes: null }
}

function classifyArchives(all: GcInput, node: NodeArchives): readonly (Garbage | Kept)[] {
  const { flotilla, containerId, archives } = node
  const home = all.declared.find(one => one.name === flotilla)
  if (home === undefined) return []
  const container = all.containers.find(one => one.containerId === containerId)
  const volume = container?.mounts.find(one => one.path === dataPath)?.volume ?? '?'
  return findExpired(archives, all.nowMs).map(({ name, atMs, sizeBytes, reason }) => {
    const place = `${volume}:${dataPath}/set-aside/${name}`
    return home.notReadyReason === null
      ? {
          ...{ kind: 'archive', name: place, folder: name, flotilla, containerId },
          ...{ reason: reason, sinceMs: atMs, sizeBytes },
        }
      : { kind: 'kept', name: place, reason: `${flotilla} ${home.notReadyReason}` }
  })
}

function isOurs({ declared, folded }: GcInput, flotilla: string): boolean {
  return folded.includes(flotilla) || declared.some(one => one.name === flotilla)
}

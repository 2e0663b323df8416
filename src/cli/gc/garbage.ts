import { readNodeLabels, flotillaLabel } from '../../runtime/labels.js'
import type { ContainerFacts, NetworkFacts, VolumeFacts } from '../../runtime/runtime.js'
import { findExpired, type Archive } from '../../reconciler/execute/archive-retention.js'
import { dataPath, networkName, newVolumeName, type VolumeNaming } from '../../reconciler/names.js'

/** All that is needed to say what nobody wants, gathered at one moment. */
export interface Belongings {
  readonly nowMs: number
  /** What the manifests declare, all of them in order. */
  readonly declared: readonly DeclaredFlotilla[]
  /** What this state directory remembers, declared or not. Flotillas that it doesn't know are another Flotilla's, and none of our business. */
  readonly remembered: readonly string[]
  /** Every container of the engine, ours or not. */
  readonly containers: readonly ContainerFacts[]
  /** With our labels. */
  readonly volumes: readonly VolumeFacts[]
  readonly networks: readonly NetworkFacts[]
  readonly setAside: readonly SetAsideOnNode[]
}

export interface DeclaredFlotilla extends VolumeNaming {
  /** The nodes that it is to have, running or not. */
  readonly ordinals: readonly number[]
  /** Null when it is Ready; otherwise what it is, and then each copy of its data may be the last. */
  readonly trouble: string | null
}

export interface SetAsideOnNode {
  readonly flotilla: string
  readonly ordinal: number
  readonly containerId: string
  readonly archives: readonly Archive[]
}

/** Something of ours that nobody wants. */
export type Garbage = {
  readonly flotilla: string
  /** Why nobody wants it. */
  readonly because: string
  /** When it was made; null where that is not known. */
  readonly sinceMs: number | null
  /** Null where asking would cost too much. */
  readonly sizeBytes: number | null
} & (
  | { readonly kind: 'volume'; readonly name: string }
  | { readonly kind: 'network'; readonly name: string }
  | {
      readonly kind: 'set-aside'
      readonly name: string
      readonly containerId: string
      readonly folder: string
    }
)

/** Something that nobody wants either, and that is not for `gc` to take. */
export interface Kept {
  readonly kind: 'kept'
  readonly name: string
  readonly because: string
}

export interface Sorted {
  readonly unwanted: readonly Garbage[]
  readonly kept: readonly Kept[]
}

/** What nobody wants. A reason to keep something always wins; what is not ours, or another Flotilla's, is not even looked at. */
export function findGarbage(all: Belongings): Sorted {
  const found = [
    ...all.volumes.map(volume => judgeVolume(all, volume)),
    ...all.networks.map(network => judgeNetwork(all, network)),
    ...all.setAside.flatMap(node => judgeSetAside(all, node)),
  ].filter(verdict => verdict !== null)
  return {
    unwanted: found.filter(verdict => verdict.kind !== 'kept'),
    kept: found.filter(verdict => verdict.kind === 'kept'),
  }
}

function judgeVolume(all: Belongings, volume: VolumeFacts): Garbage | Kept | null {
  const { name, createdAtMs } = volume
  const node = readNodeLabels(volume.labels)
  const flotilla = volume.labels[flotillaLabel]
  if (flotilla === undefined || !isOurs(all, flotilla)) return null
  const keep = (because: string): Kept => ({ kind: 'kept', name: `volume ${name}`, because })
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
  if (home.trouble !== null)
    return keep(`${flotilla} ${home.trouble}, and until it is Ready each copy of its data may be the last`)
  return {
    kind: 'volume',
    name,
    flotilla,
    because: `${flotilla} has no node ${node.ordinal} any more`,
    sinceMs: createdAtMs,
    sizeBytes: null,
  }
}

function judgeNetwork(all: Belongings, network: NetworkFacts): Garbage | Kept | null {
  const { name, labels } = network
  const flotilla = labels[flotillaLabel]
  if (flotilla === undefined || !isOurs(all, flotilla) || name !== networkName(flotilla)) return null
  if (all.declared.some(one => one.name === flotilla)) return null
  const user = all.containers.find(
    container =>
      container.labels[flotillaLabel] === flotilla || container.networks.some(one => one.network === name),
  )
  if (user !== undefined)
    return { kind: 'kept', name: `network ${name}`, because: `the container ${user.name} uses it` }
  const because = `no manifest declares ${flotilla}, and it has no container`
  return { kind: 'network', name, flotilla, because, sinceMs: null, sizeBytes: null }
}

function judgeSetAside(all: Belongings, node: SetAsideOnNode): readonly (Garbage | Kept)[] {
  const { flotilla, containerId, archives } = node
  const home = all.declared.find(one => one.name === flotilla)
  if (home === undefined) return []
  const container = all.containers.find(one => one.containerId === containerId)
  const volume = container?.mounts.find(one => one.path === dataPath)?.volume ?? '?'
  return findExpired(archives, all.nowMs).map(({ name, atMs, sizeBytes, reason }) => {
    const place = `${volume}:${dataPath}/set-aside/${name}`
    return home.trouble === null
      ? {
          ...{ kind: 'set-aside', name: place, folder: name, flotilla, containerId },
          ...{ because: reason, sinceMs: atMs, sizeBytes },
        }
      : { kind: 'kept', name: place, because: `${flotilla} ${home.trouble}` }
  })
}

function isOurs({ declared, remembered }: Belongings, flotilla: string): boolean {
  return remembered.includes(flotilla) || declared.some(one => one.name === flotilla)
}

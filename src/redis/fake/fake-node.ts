import { createHash } from 'node:crypto'
import type { NodeTarget, Upstream } from '../redis.js'

/** The state of one fake Redis. Tests change what they like; {@link settleReplication} brings the rest after it. */
export interface FakeNode {
  readonly target: NodeTarget
  running: boolean
  state: 'well' | 'frozen' | 'busy' | 'loading'
  /** Counts the starts; gives run_id. */
  run: number
  replid: string
  previous: { readonly replid: string; readonly untilOffset: number } | null
  offset: number
  data: Map<string, string>
  /** Null makes it a master. */
  upstream: Upstream | null
  link: 'up' | 'down'
  /** Whether it was ever in sync since its start; before that Redis knows no applied offset. */
  synced: boolean
  config: Map<string, string>
  /** Options that CONFIG SET doesn't know here. */
  unknownOptions: Set<string>
  lastByteAtMs: number | null
  /** Until when writes wait, on the fake's clock; 0 when they don't. */
  pausedUntilMs: number
}

/** A new lineage from here on, as at a promotion or a first start. Different for every node, run and offset, and the same in every test run. */
export function beginLineage(node: FakeNode): void {
  if (node.replid !== '') node.previous = { replid: node.replid, untilOffset: node.offset + 1 }
  node.replid = hash(`${node.target.nodeAlias} ${node.run} ${node.offset} ${node.replid}`)
  node.link = 'down'
}

export function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/**
 * Brings every link to where Redis would have it a moment later: up to an upstream that runs, answers, and is a master or in sync with one; then the
 * replica has its lineage, offset and data. Nobody syncs from a node that follows itself (NOMASTERLINK). Repeated for chains of replicas.
 */
export function settleReplication(
  nodes: readonly FakeNode[],
  find: (upstream: Upstream, from: FakeNode) => FakeNode | null,
): void {
  for (const node of nodes) node.link = 'down'
  for (let changed = true; changed;) {
    changed = false
    for (const node of nodes) {
      if (node.upstream === null || node.link === 'up' || !isWell(node)) continue
      const source = find(node.upstream, node)
      if (source === null || source === node || !isWell(source)) continue
      if (source.upstream !== null && source.link === 'down') continue
      Object.assign(node, { replid: source.replid, previous: source.previous, offset: source.offset })
      Object.assign(node, { data: new Map(source.data), link: 'up', synced: true })
      changed = true
    }
  }
}

function isWell(node: FakeNode): boolean {
  return node.running && (node.state === 'well' || node.state === 'busy')
}

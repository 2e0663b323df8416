import type { SourceSpec } from '../spec.js'
import type { Upstream } from '../redis.js'
import type { ActionTable } from './action-entry.js'

/**
 * An address at which nobody listens, on any host: who follows it keeps its data and takes no writes, and
 * asks no name server anything.
 */
export const noUpstream: Upstream = { host: '127.0.0.1', port: 1 }

/** What is done about the Redis that the flotilla follows only. `source` is what that one is called. */
export type SourceAction =
  /** Writes down that the flotilla follows a Redis that is not ours, and by which node. */
  | {
      readonly kind: 'record-source'
      readonly from: SourceSpec
      readonly leader: number
      readonly network: string | null
    }
  /** The node follows the source, with the source's password. */
  | {
      readonly kind: 'follow-source'
      readonly ordinal: number
      readonly upstream: Upstream
      readonly source: string
    }
  /** The source takes no write from then on: it is made a replica of nobody, and keeps what it holds. */
  | { readonly kind: 'fence-source'; readonly source: string }
  | { readonly kind: 'unfence-source'; readonly source: string }
  /** The node will log in to other nodes with the flotilla's own replication password again. */
  | { readonly kind: 'restore-login'; readonly ordinal: number }

export const sourceActions: ActionTable<SourceAction> = {
  'record-source': {
    text: ({ leader }) => `record that node ${leader} follows a Redis that is not ours`,
    order: { prepare: 0 },
    needs: {},
  },
  'follow-source': {
    text: ({ ordinal, source }) => `node ${ordinal} follows ${source}`,
    order: { follow: 2 },
    needs: { kinds: ['record-source'], nodesUp: true, ofNodes: ['connect-network'] },
    backsOff: 'outside-master-change',
  },
  'fence-source': {
    text: ({ source }) =>
      `make ${source} read-only (REPLICAOF ${noUpstream.host} ${noUpstream.port}); it keeps what it holds`,
    order: { demote: 3 },
    impact: ({ source }) =>
      `clients of ${source} can read there, and write through the master's name from then on`,
    needs: { masterChange: 'always' },
  },
  'unfence-source': {
    text: ({ source }) => `make ${source} a master again`,
    order: { promote: 0 },
    needs: { masterChange: 'always' },
  },
  'restore-login': {
    text: ({ ordinal }) => `node ${ordinal} logs in with the flotilla's own password again`,
    order: { demote: 4 },
    needs: { masterChange: 'always' },
  },
}

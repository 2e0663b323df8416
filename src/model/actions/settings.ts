import type { PersistenceSettings, ResourcesSpec } from '../spec.js'
import type { SnapshotRequest } from '../record.js'
import type { ConfigValues } from '../redis.js'
import type { ActionTable } from './action-entry.js'

/** What a node that runs is given. */
export type SettingAction =
  /**
   * Gives it its certificate, made if it has none or the old one is due, and opens the encrypted port with
   * it.
   */
  | { readonly kind: 'load-certificate'; readonly ordinal: number }
  /** Closing takes the clients away too that came by that port. */
  | {
      readonly kind: 'set-port'
      readonly ordinal: number
      readonly port: 'plain' | 'encrypted'
      readonly open: boolean
    }
  /**
   * CONFIG SET of those of these options that the node does not have yet, and of what its version has beyond
   * the common configuration.
   */
  | { readonly kind: 'apply-config'; readonly ordinal: number; readonly options: ConfigValues }
  /** Limits a container that is there already. */
  | {
      readonly kind: 'limit-container'
      readonly ordinal: number
      readonly name: string
      readonly limits: ResourcesSpec
    }
  /**
   * Puts today's redis.conf into a container, for its next start. `persistence`: from then on it is known to
   * keep its data so.
   */
  | {
      readonly kind: 'write-config'
      readonly ordinal: number
      readonly name: string
      readonly persistence?: PersistenceSettings
    }
  /**
   * `on` begins to write an append-only file of all that is there. The old one stays when it is switched off.
   */
  | { readonly kind: 'set-append-only'; readonly ordinal: number; readonly on: boolean }
  /** Begins to write a snapshot. */
  | { readonly kind: 'save-snapshot'; readonly ordinal: number; readonly asked: SnapshotRequest }
  /**
   * Gives a running node today's users and passwords, and its files for the next start too. No connection is
   * closed but those of users that are gone.
   */
  | { readonly kind: 'apply-users'; readonly ordinal: number; readonly name: string }
  /**
   * The new passwords of these users are the current ones from now on; those before are accepted until the
   * overlap ends.
   */
  | { readonly kind: 'activate-passwords'; readonly users: readonly string[] }
  /** Former passwords whose time is over, and users that no node has any more, are forgotten. */
  | {
      readonly kind: 'retire-passwords'
      readonly users: readonly string[]
      readonly departed: readonly string[]
    }

export const settingActions: ActionTable<SettingAction> = {
  'load-certificate': {
    text: ({ ordinal }) => `give node ${ordinal} its certificate`,
    order: { follow: 1 },
    needs: { nodesUp: true, ofNodes: ['load-certificate', 'set-port', 'follow'] },
    backsOff: 'outside-master-change',
  },
  'set-port': {
    text: ({ ordinal, port, open }) => `${open ? 'open' : 'close'} the ${port} port of node ${ordinal}`,
    // It is opened before a node may follow by it, and closed when nobody does any more.
    order: { follow: 1, settle: 1 },
    impact: ({ ordinal, port, open }) =>
      open
        ? null
        : `clients of node ${ordinal} that came by its ${port} port are cut, and can't come back by it`,
    needs: { nodesUp: true, ofNodes: ['load-certificate', 'set-port', 'follow'] },
    backsOff: 'outside-master-change',
  },
  'apply-config': {
    text: ({ ordinal }) => `apply config to node ${ordinal}`,
    order: { follow: 4 },
    needs: { nodesUp: true, ofNodes: ['follow', 'apply-config', 'limit-container'] },
    backsOff: 'outside-master-change',
  },
  'limit-container': {
    text: ({ name, limits }) => `limit ${name} to ${limitsText(limits)}`,
    // A limit is raised before more memory is used, and lowered after less is.
    order: { follow: 3, settle: 0 },
    needs: { nodesUp: true, ofNodes: ['follow', 'apply-config', 'limit-container'] },
    backsOff: 'outside-master-change',
  },
  'write-config': {
    text: ({ name, persistence }) =>
      `write redis.conf into ${name}${persistence === undefined ? '' : ` (${persistenceText(persistence)})`}`,
    // Before a start; as a step from one way of keeping data to the other; and of what a running node was
    // given.
    order: { create: 5, settle: 2, finish: 0 },
    needs: { nodesUp: true, ofNodes: ['set-append-only', 'save-snapshot'] },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
  },
  'set-append-only': {
    text: ({ ordinal, on }) => `switch the append-only file of node ${ordinal} ${on ? 'on' : 'off'}`,
    // It is on before redis.conf names it, and off when redis.conf does not any more.
    order: { settle: 2, finish: 1 },
    needs: { nodesUp: true, ofNodes: ['set-append-only', 'save-snapshot'] },
    backsOff: 'outside-master-change',
  },
  'save-snapshot': {
    text: ({ ordinal }) => `have node ${ordinal} write a snapshot`,
    order: { settle: 2 },
    needs: { nodesUp: true, ofNodes: ['set-append-only', 'save-snapshot'] },
    backsOff: 'outside-master-change',
  },
  'apply-users': {
    text: ({ name }) => `give ${name} its users and passwords`,
    order: { access: 0 },
    needs: { nodesUp: true },
    backsOff: 'outside-master-change',
  },
  'activate-passwords': {
    text: ({ users }) => `use the new password of ${users.join(', ')}`,
    order: { access: 1 },
    needs: { kinds: ['apply-users', 'write-config', 'activate-passwords'] },
  },
  'retire-passwords': {
    text: ({ users, departed }) =>
      users.length > 0
        ? `drop the former password of ${users.join(', ')}`
        : `forget the user ${departed.join(', ')}`,
    order: { access: 2 },
    impact: ({ users }) =>
      users.length > 0 ? `who logs in with the former password of ${users.join(', ')} is refused` : null,
    needs: { kinds: ['apply-users', 'write-config', 'activate-passwords'] },
  },
}

function persistenceText({ mode, save, appendfsync }: PersistenceSettings): string {
  return mode === 'aof' ? `aof, ${appendfsync}` : mode === 'rdb' ? `rdb, ${save.join(', ')}` : mode
}

function limitsText({ memoryBytes, cpus }: ResourcesSpec): string {
  const memory = memoryBytes === null ? 'all memory' : `${Math.round(memoryBytes / 1_048_576)} MiB`
  return `${memory} and ${cpus === null ? 'all CPUs' : `${cpus} CPUs`}`
}

import { renderListenAddress, isLoopback, type ListenAddress } from '../../listen-address.js'
import type { ActionTable } from './action-entry.js'

/** `name` is that of its container. */
export type GatewayAction =
  | {
      readonly kind: 'create-gateway'
      readonly name: string
      /** Of the host, that it opens once it runs. */
      readonly opens: readonly ListenAddress[]
    }
  | { readonly kind: 'start-gateway'; readonly name: string }
  | { readonly kind: 'stop-gateway'; readonly name: string }
  | { readonly kind: 'remove-gateway'; readonly name: string }
  | { readonly kind: 'rename-gateway'; readonly name: string; readonly to: string }
  | { readonly kind: 'give-gateway-files'; readonly name: string }
  | { readonly kind: 'attach-gateway'; readonly name: string; readonly network: string }
  | { readonly kind: 'detach-gateway'; readonly name: string; readonly network: string }
  | PointGateway
  /** Of whom it was closed to before, sessions being kept. `replicas`: as `PointGateway` says. */
  | { readonly kind: 'end-gateway-sessions'; readonly name: string; readonly replicas: readonly number[] }

export interface PointGateway {
  readonly kind: 'point-gateway'
  readonly name: string
  /** Ordinal; null: its port is closed. */
  readonly master: number | null
  /** Ordinals of those that readers are led to. */
  readonly replicas: readonly number[]
  /** The lineage that the master has; null while it is not known. */
  readonly lineage: string | null
  /** Sessions of whom it leaves stay until the next pointing. */
  readonly keepsSessions: boolean
  /**
   * The node that this stage promotes: it is done when that has succeeded, whatever else the stage does.
   */
  readonly afterPromotionOf: number | null
}

export const gatewayActions: ActionTable<GatewayAction> = {
  'create-gateway': {
    text: ({ name }) => `create gateway ${name}`,
    order: { finish: 0 },
    impact: ({ opens }) => exposureOf(opens),
    needs: { kinds: ['pull-image', 'create-network'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
    mark: '+',
  },
  'stop-gateway': {
    text: ({ name }) => `stop gateway ${name}`,
    order: { finish: 3 },
    impact: () => 'connections through the gateway are cut',
    needs: { kinds: ['create-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
    mark: '-',
  },
  'remove-gateway': {
    text: ({ name }) => `remove gateway ${name}`,
    order: { finish: 4 },
    needs: { kinds: ['create-gateway', 'stop-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
    mark: '-',
  },
  'rename-gateway': {
    text: ({ name, to }) => `rename gateway ${name} to ${to}`,
    order: { finish: 6 },
    needs: { kinds: ['create-gateway', 'remove-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
  },
  'start-gateway': {
    text: ({ name }) => `start gateway ${name}`,
    order: { finish: 7 },
    needs: { kinds: ['create-gateway', 'stop-gateway', 'remove-gateway', 'rename-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
    mark: '+',
  },
  'give-gateway-files': {
    text: ({ name }) => `give gateway ${name} the files for its next start`,
    order: { finish: 8 },
    needs: { kinds: ['start-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ name }) => name,
  },
  'attach-gateway': {
    text: ({ name, network }) => `join gateway ${name} to the network ${network}`,
    order: { finish: 8 },
    needs: { kinds: ['start-gateway'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ network }) => network,
  },
  'detach-gateway': {
    text: ({ name, network }) => `take gateway ${name} off the network ${network}`,
    order: { finish: 8 },
    needs: {},
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ network }) => network,
  },
  'point-gateway': {
    text: pointText,
    // First where it closes a port, and beside what is written down where clients wait for a promotion.
    // With the promotion where it leads to whom that makes master: it waits for that alone, and for no
    // rename.
    order: { prepare: 0, demote: 0, promote: 0, finish: 9 },
    needs: { masterChange: 'while-under-way', kinds: ['start-gateway', 'attach-gateway'] },
    neededByMasterChange: 'no',
    subject: ({ name }) => name,
  },
  'end-gateway-sessions': {
    text: ({ name }) => `end the connections to the old master that gateway ${name} has kept`,
    order: { demote: 2 },
    impact: () => 'clients of the gateway are cut once, and wait for the new master',
    needs: { masterChange: 'while-under-way' },
    neededByMasterChange: 'no',
    subject: ({ name }) => name,
  },
}

function pointText({ name, master, replicas, keepsSessions, afterPromotionOf }: PointGateway): string {
  const readers = replicas.length === 0 ? '' : `, readers to node ${replicas.join(', ')}`
  if (master === null)
    return `close gateway ${name} to the master${keepsSessions ? ', for new connections' : ''}${readers}`
  return `point gateway ${name} to node ${master}${afterPromotionOf === null ? '' : ' once it is promoted'}${readers}`
}

/** What a person should know who opens a port that other machines reach. */
function exposureOf(opens: readonly ListenAddress[]): string | null {
  const open = opens.filter(({ host }) => !isLoopback(host)).map(renderListenAddress)
  return open.length === 0 ? null : `other machines can reach ${open.join(' and ')} from then on`
}

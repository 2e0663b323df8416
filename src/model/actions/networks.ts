import type { ActionTable } from './action-entry.js'

export type NetworkAction =
  | { readonly kind: 'create-network'; readonly network: string; readonly subnet: string | null }
  | { readonly kind: 'reattach-network'; readonly ordinal: number; readonly name: string }
  /** Besides its own, with the same names. */
  | {
      readonly kind: 'connect-network'
      readonly ordinal: number
      readonly name: string
      readonly network: string
    }
  | {
      readonly kind: 'disconnect-network'
      readonly ordinal: number
      readonly name: string
      readonly network: string
    }
  | { readonly kind: 'remove-network'; readonly network: string }

export const networkActions: ActionTable<NetworkAction> = {
  'create-network': {
    text: ({ network, subnet }) => `create network ${network}${subnet === null ? '' : ` (${subnet})`}`,
    order: { prepare: 2 },
    needs: {},
    neededByMasterChange: 'no',
    backsOff: 'always',
    mark: '+',
  },
  'reattach-network': {
    text: ({ name }) => `attach ${name} to its network`,
    order: { create: 3 },
    impact: ({ ordinal }) => `new address for node ${ordinal}: its connections break`,
    needs: { kinds: ['create-network'], nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
  },
  'connect-network': {
    text: ({ name, network }) => `join ${name} to the network ${network}`,
    // The former where it has to be reached there before it can follow.
    order: { create: 3, finish: 2 },
    needs: { nodesUp: true },
    neededByMasterChange: 'own-node',
    backsOff: 'always',
    subject: ({ ordinal, network }) => `${ordinal} ${network}`,
  },
  'disconnect-network': {
    text: ({ name, network }) => `take ${name} off the network ${network}`,
    order: { follow: 0 },
    impact: ({ ordinal, network }) => `clients of node ${ordinal} on the network ${network} are cut`,
    needs: { nodesUp: true },
    backsOff: 'always',
    subject: ({ ordinal, network }) => `${ordinal} ${network}`,
  },
  'remove-network': {
    text: ({ network }) => `remove network ${network}`,
    order: { finish: 5 },
    needs: { all: true },
    mark: '-',
  },
}

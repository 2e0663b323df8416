import type { ActionTable, PlanContext } from './action-entry.js'

interface OfContainer {
  readonly ordinal: number
  readonly name: string
}

export type ContainerAction =
  | { readonly kind: 'create-volume'; readonly ordinal: number; readonly volume: string }
  | ({
      readonly kind: 'create-container'
      readonly volume: string
      /** By id, where the reference in the spec means another one by now; left out where it will do. */
      readonly image?: string
    } & OfContainer)
  | ({ readonly kind: 'start-container' } & OfContainer)
  | ({ readonly kind: 'stop-container' } & OfContainer)
  /** SIGKILL, and certainty that it does not run any more. */
  | ({ readonly kind: 'kill-container' } & OfContainer)
  /** `volume`: which is to go with it, once nothing else is left to do. */
  | ({ readonly kind: 'remove-container'; readonly volume?: string } & OfContainer)
  | ({ readonly kind: 'rename-container'; readonly to: string } & OfContainer)
  /**
   * Moves what a stopped node's volume holds into a folder of its own, where the next synchronisation does
   * not overwrite it. `unreadable`: the server ends over it, so that a snapshot must not stay in its place
   * either.
   */
  | {
      readonly kind: 'archive-data'
      readonly ordinal: number
      readonly volume: string
      readonly image?: string
      readonly folder: string
      readonly unreadable?: true
    }
  | { readonly kind: 'remove-volume'; readonly ordinal: number; readonly volume: string }

export const containerActions: ActionTable<ContainerAction> = {
  'create-volume': {
    text: ({ volume }) => `create volume ${volume}`,
    order: { prepare: 2 },
    needs: { nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
    mark: '+',
  },
  'create-container': {
    text: ({ name, ordinal, image }) => `create container ${name} (node ${ordinal})${otherImage(image)}`,
    order: { create: 2 },
    needs: { kinds: ['create-network', 'pull-image'], name: true, nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
    mark: '+',
  },
  'start-container': {
    text: ({ name }) => `start ${name}`,
    // The master in the former, the others in the latter.
    order: { create: 6, start: 0 },
    needs: { kinds: ['create-network'], nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
    mark: '+',
  },
  'stop-container': {
    text: ({ name }) => `stop ${name}`,
    order: { create: 0, finish: 3 },
    impact: impactOfEnd,
    needs: { nodesUp: true },
    bringsUp: true,
    backsOff: 'outside-master-change',
    mark: '-',
  },
  'kill-container': {
    text: ({ name }) => `kill ${name}`,
    order: { prepare: 1, 'release-name': 0 },
    impact: impactOfEnd,
    needs: { masterChange: 'always' },
    bringsUp: true,
    mark: '-',
  },
  'remove-container': {
    text: ({ name }) => `remove container ${name}`,
    order: { create: 1, finish: 4 },
    needs: { nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
    mark: '-',
  },
  'rename-container': {
    text: ({ name, to }) => `rename ${name} to ${to}`,
    order: { promote: 0, 'release-name': 1, 'take-name': 0, end: 0 },
    // While masters change, a name leads to the new one only when it is master, and when the old one can't
    // follow the name to what would overwrite it.
    needs: { masterChange: 'while-under-way', name: true, ofNodes: ['create-container'] },
    neededByMasterChange: 'no',
    backsOff: 'outside-master-change',
  },
  'archive-data': {
    text: ({ ordinal, folder }) => `set aside the data of node ${ordinal} as ${folder}`,
    order: { create: 4 },
    needs: { nodesUp: true },
    bringsUp: true,
    neededByMasterChange: 'own-node',
    backsOff: 'always',
  },
  'remove-volume': {
    text: ({ volume }) => `remove volume ${volume}`,
    order: { finish: 5 },
    impact: ({ ordinal }) => `the data of node ${ordinal} is gone for good`,
    needs: { all: true },
    backsOff: 'outside-master-change',
    mark: '-',
  },
}

function otherImage(imageId: string | undefined): string {
  if (imageId === undefined) return ''
  return ` of the image that the others run (${imageId.replace(/^sha256:/, '').slice(0, 12)})`
}

function impactOfEnd({ ordinal }: OfContainer, { started }: PlanContext): string {
  return started.includes(ordinal)
    ? `restart of node ${ordinal}: its clients are cut`
    : `node ${ordinal} is down from then on: its clients are cut`
}

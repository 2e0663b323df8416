import type { RedisOptions } from '../redis.js'
import type { ActionTable } from './action-entry.js'

export type ImageAction =
  | { readonly kind: 'pull-image'; readonly image: string }
  /** Asks a throwaway container of the image what it is and what it makes of these options. */
  | { readonly kind: 'probe-image'; readonly image: string; readonly options: RedisOptions }
  /** Lets a throwaway container of the image load a snapshot of what this node holds. */
  | {
      readonly kind: 'probe-data'
      readonly image: string
      readonly ordinal: number
      /** The image that the master runs, by id: what was found is about data that it has written. */
      readonly from: string
    }
  /** A container of a probe that was cut short. By id: the name may be anybody's by then. */
  | { readonly kind: 'remove-leftover'; readonly containerId: string; readonly name: string }

export const imageActions: ActionTable<ImageAction> = {
  'pull-image': {
    text: ({ image }) => `pull image ${image}`,
    order: { prepare: 2 },
    needs: {},
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ image }) => image,
    mark: '+',
  },
  'probe-image': {
    text: ({ image, options }) =>
      `try ${[`image ${image}`, ...Object.keys(options)].join(', ')} on a throwaway container`,
    order: { prepare: 3 },
    needs: { kinds: ['pull-image'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ image }) => image,
  },
  'probe-data': {
    text: ({ ordinal, image }) =>
      `load the data of node ${ordinal} in image ${image} on a throwaway container`,
    order: { prepare: 3 },
    needs: { kinds: ['pull-image'] },
    neededByMasterChange: 'no',
    backsOff: 'always',
  },
  'remove-leftover': {
    text: ({ name }) => `remove leftover ${name}`,
    order: { prepare: 2, finish: 5 },
    needs: {},
    neededByMasterChange: 'no',
    backsOff: 'always',
    subject: ({ containerId }) => containerId,
  },
}

import type { ActionTable } from './action-entry.js'

/** Putting a flotilla to sleep, and having it back. */
export type HibernationAction =
  /**
   * `saving`: nothing has ended yet, and from now on the master is not replaced when it does. `saved`: it has
   * ended and saved. `ended`: there is a master again, or hibernating was given up.
   */
  | {
      readonly kind: 'record-hibernation'
      readonly phase: 'saving' | 'saved' | 'ended'
      /** For `saving`: how long the master may take to save and end. */
      readonly withinMs?: number
    }
  /** The server saves what it holds and ends by itself. With `snapshot` that is an RDB file, else its AOF. */
  | {
      readonly kind: 'shut-down'
      readonly ordinal: number
      readonly name: string
      readonly snapshot: boolean
      readonly withinMs: number
    }

export const hibernationActions: ActionTable<HibernationAction> = {
  'record-hibernation': {
    text: ({ phase }) =>
      phase === 'saving'
        ? 'record that it is being hibernated'
        : phase === 'saved'
          ? 'record that the master has saved its data'
          : 'record that it is not hibernated any more',
    order: { prepare: 0 },
    needs: {},
    backsOff: 'always',
    subject: ({ phase }) => phase,
  },
  'shut-down': {
    text: ({ name, snapshot }) =>
      `shut down ${name}: it saves ${snapshot ? 'a snapshot' : 'its AOF'} and ends`,
    // After the gateway, whose clients are let go first.
    order: { finish: 5 },
    impact: ({ ordinal }) => `node ${ordinal} is down from then on: its clients are cut`,
    needs: { kinds: ['stop-gateway', 'remove-gateway'] },
    backsOff: 'always',
    mark: '-',
  },
}

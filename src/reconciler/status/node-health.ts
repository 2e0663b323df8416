import type { Bucket } from '../plan/classify.js'
import type { NodeHealth } from './status.js'

/** How a node is told to people and machines. */
export const healthOf: Readonly<Record<Bucket, NodeHealth>> = {
  absent: 'absent',
  stopped: 'stopped',
  leaving: 'stopped',
  paused: 'paused',
  detached: 'detached',
  starting: 'starting',
  lifeless: 'unreachable',
  'locked-out': 'locked-out',
  busy: 'busy',
  loading: 'loading',
  master: 'online',
  'stray-master': 'stray',
  uncrowned: 'unpromoted',
  online: 'online',
  syncing: 'syncing',
  diverged: 'diverged',
  astray: 'syncing',
}

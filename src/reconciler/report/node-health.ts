import type { Bucket } from '../plan/members/classify.js'
import type { NodeHealth } from '../../model/status.js'

/** How a node is told to people and machines. */
export const healthOf: Readonly<Record<Bucket, NodeHealth>> = {
  absent: 'absent',
  stopped: 'stopped',
  removing: 'stopped',
  paused: 'paused',
  detached: 'detached',
  starting: 'starting',
  unreachable: 'unreachable',
  'auth-failure': 'auth-failure',
  busy: 'busy',
  loading: 'loading',
  master: 'online',
  'unexpected-master': 'unexpected-master',
  unpromoted: 'unpromoted',
  online: 'online',
  syncing: 'syncing',
  diverged: 'diverged',
  'wrong-upstream': 'syncing',
}

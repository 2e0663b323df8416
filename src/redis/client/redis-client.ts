import type { Clock } from '../../clock.js'
import type { RedisPort } from '../redis.js'
import { runUserCommand } from './user-command.js'
import { ConnectionPool } from './connection-pool.js'
import {
  disconnectClientsOfPort,
  disconnectNodeClients,
  followUpstream,
  getNodeConfig,
  listNodeCommands,
  listNodeUsers,
  listNodeSentinels,
  pauseNodeWrites,
  promoteNode,
  resumeNodeWrites,
  saveNodeSnapshot,
  setNodeConfig,
  setNodeUsers,
  shutDownNode,
} from './node-commands.js'
import { pingNode, probeNode } from './probe.js'
import { openNodeSnapshot, readNodeSnapshot } from './snapshot.js'

/**
 * The Redis port over ioredis. Opens one connection to each node at its first probe and keeps it; nothing
 * reconnects by itself, the next probe or order does. After `close` no socket and no timer of it is left.
 */
export function createRedisClient({ clock }: { readonly clock: Clock }): RedisPort {
  const pool = new ConnectionPool(clock)
  return {
    probe: (node, { deadlineMs }) => probeNode({ pool, clock, node, deadlineMs }),
    ping: (node, { deadlineMs }) => pingNode({ pool, clock, node, deadlineMs }),
    promote: (node, { deadlineMs }) => promoteNode({ pool, clock, node, deadlineMs }),
    follow: (node, upstream, { deadlineMs, reconnect = null, fullCopy = false }) =>
      followUpstream({ pool, clock, node, deadlineMs }, upstream, { reconnect, fullCopy }),
    pauseWrites: (node, { forMs, deadlineMs }) => pauseNodeWrites({ pool, clock, node, deadlineMs }, forMs),
    resumeWrites: (node, { deadlineMs }) => resumeNodeWrites({ pool, clock, node, deadlineMs }),
    disconnectClients: (node, { deadlineMs, viaPort }) =>
      viaPort === undefined
        ? disconnectNodeClients({ pool, clock, node, deadlineMs })
        : disconnectClientsOfPort({ pool, clock, node, deadlineMs }, viaPort),
    setConfig: (node, config, { deadlineMs }) => setNodeConfig({ pool, clock, node, deadlineMs }, config),
    getConfig: (node, names, { deadlineMs }) => getNodeConfig({ pool, clock, node, deadlineMs }, names),
    listSentinels: (node, { deadlineMs }) => listNodeSentinels({ pool, clock, node, deadlineMs }),
    listCommands: (node, { deadlineMs }) => listNodeCommands({ pool, clock, node, deadlineMs }),
    saveSnapshot: (node, { deadlineMs }) => saveNodeSnapshot({ pool, clock, node, deadlineMs }),
    shutDown: (node, { save, deadlineMs }) => shutDownNode({ pool, clock, node, deadlineMs }, save),
    readSnapshot: (node, { bytesMax, deadlineMs }) => readNodeSnapshot({ clock, node, deadlineMs, bytesMax }),
    openSnapshot: (node, { silenceMs }) => openNodeSnapshot({ clock, node, silenceMs }),
    setUsers: (node, users, { deadlineMs }) => setNodeUsers({ pool, clock, node, deadlineMs }, users),
    listUsers: (node, { deadlineMs }) => listNodeUsers({ pool, clock, node, deadlineMs }),
    command: (node, command, { deadlineMs }) => runUserCommand({ clock, node, deadlineMs }, command),
    onConnectionLost: listener => pool.onLost(listener),
    retain: containerIds => pool.retain(containerIds),
    close: () => pool.close(),
  }
}

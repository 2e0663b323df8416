import type { Clock } from '../../clock.js'
import type { RedisPort } from '../redis.js'
import { runCommand } from './command.js'
import { Links } from './links.js'
import {
  dropClientsOfPort,
  dropNodeClients,
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
} from './orders.js'
import { pingNode, probeNode } from './probe.js'
import { readNodeSnapshot } from './snapshot.js'

/**
 * The Redis port over ioredis. Opens one connection to each node at its first probe and keeps it; nothing reconnects by itself, the next probe
 * or order does. After `close` no socket and no timer of it is left.
 */
export function createRedisClient({ clock }: { readonly clock: Clock }): RedisPort {
  const links = new Links(clock)
  return {
    probe: (node, { deadlineMs }) => probeNode({ links, clock, node, deadlineMs }),
    ping: (node, { deadlineMs }) => pingNode({ links, clock, node, deadlineMs }),
    promote: (node, { deadlineMs }) => promoteNode({ links, clock, node, deadlineMs }),
    follow: (node, upstream, { deadlineMs, nudge = null, fullCopy = false }) =>
      followUpstream({ links, clock, node, deadlineMs }, upstream, { nudge, fullCopy }),
    pauseWrites: (node, { forMs, deadlineMs }) => pauseNodeWrites({ links, clock, node, deadlineMs }, forMs),
    resumeWrites: (node, { deadlineMs }) => resumeNodeWrites({ links, clock, node, deadlineMs }),
    dropClients: (node, { deadlineMs, whoCameBy }) =>
      whoCameBy === undefined
        ? dropNodeClients({ links, clock, node, deadlineMs })
        : dropClientsOfPort({ links, clock, node, deadlineMs }, whoCameBy),
    setConfig: (node, config, { deadlineMs }) => setNodeConfig({ links, clock, node, deadlineMs }, config),
    getConfig: (node, names, { deadlineMs }) => getNodeConfig({ links, clock, node, deadlineMs }, names),
    listSentinels: (node, { deadlineMs }) => listNodeSentinels({ links, clock, node, deadlineMs }),
    listCommands: (node, { deadlineMs }) => listNodeCommands({ links, clock, node, deadlineMs }),
    saveSnapshot: (node, { deadlineMs }) => saveNodeSnapshot({ links, clock, node, deadlineMs }),
    readSnapshot: (node, { bytesMax, deadlineMs }) => readNodeSnapshot({ clock, node, deadlineMs, bytesMax }),
    setUsers: (node, users, { deadlineMs }) => setNodeUsers({ links, clock, node, deadlineMs }, users),
    listUsers: (node, { deadlineMs }) => listNodeUsers({ links, clock, node, deadlineMs }),
    command: (node, command, { deadlineMs }) => runCommand({ clock, node, deadlineMs }, command),
    onConnectionLost: listener => links.onLost(listener),
    retain: containerIds => links.retain(containerIds),
    close: () => links.close(),
  }
}

import type { EventDefinition } from './definition.js'

/** What can happen to a node, whatever its role. */
export const nodeEvents = {
  'node.died': {
    level: 'warn',
    message: 'a node has ended',
    fields: ['node', 'name', 'exitCode', 'oomKilled'],
    alert: 'when one node ends more than three times in an hour, or when oomKilled is true',
  },
  'node.oom-killed': {
    level: 'error',
    message: 'the kernel has ended a node for want of memory',
    fields: ['node', 'name', 'limitBytes'],
    alert:
      'always: raise spec.resources.memory, or find out what filled it; without a limit the host itself is full',
  },
  'node.drifted': {
    level: 'warn',
    message: 'somebody has changed on a node what the manifest declares; it is put right',
    fields: ['node', 'name', 'changed'],
    alert: 'within a day: whoever does that has a way in, or a program that works against the manifest',
  },
  'memory.overcommitted': {
    level: 'warn',
    message: 'the memory limits of all flotillas together are more than the host has',
    fields: ['limitsBytes', 'hostBytes'],
    alert: 'not by night; when all nodes fill up, the kernel ends some of them',
  },
  'node.online': { level: 'info', message: 'a node is online', fields: ['node', 'name', 'role', 'afterMs'] },
  'node.offline': {
    level: 'warn',
    message: 'a node is not online any more',
    fields: ['node', 'name', 'health'],
    alert: 'when no node.online follows for the same node within a minute',
  },
  'node.removed': { level: 'info', message: 'a node is gone', fields: ['node', 'name'] },
  'node.dead-container-removed': {
    level: 'warn',
    message: 'Docker had left a container dead, and it is removed; the node is created again on its volume',
    fields: ['node', 'name'],
    alert: 'not by night; when it keeps coming, something holds mounts of containers (lsof, an antivirus)',
  },
  'node.address-changed': {
    level: 'info',
    message: 'a node has a new address',
    fields: ['node', 'name', 'from', 'to'],
  },
} as const satisfies Readonly<Record<string, EventDefinition>>
